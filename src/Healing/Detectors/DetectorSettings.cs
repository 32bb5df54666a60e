namespace Heal.Healing;

/// <summary>Says what a parameter of a detector means and which values it takes; read by validation and documentation.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ParameterAttribute(string meaning, double minimum, double maximum) : Attribute
{
    public string Meaning { get; } = meaning;

    /// <summary>In seconds for durations.</summary>
    public double Minimum { get; } = minimum;

    /// <summary>In seconds for durations.</summary>
    public double Maximum { get; } = maximum;
}

/// <summary>What every detector has.</summary>
public class DetectorSetting
{
    protected const double Hour = 3_600;
    protected const double Day = 24 * Hour;

    /// <summary>False: the detector does not run.</summary>
    public bool Enabled { get; set; } = true;

    [Parameter("Calm time after which the fault counts as over", 1, Hour)]
    public TimeSpan ClearAfter { get; set; } = TimeSpan.FromMinutes(2);
}

/// <summary>A detector whose sign must have been there for some time.</summary>
public class HoldingSetting : DetectorSetting
{
    public HoldingSetting()
    {
    }

    public HoldingSetting(TimeSpan hold) => Hold = hold;

    [Parameter("How long the sign must have been there", 0, 30 * Day)]
    public TimeSpan Hold { get; set; }
}

public sealed class CrashLoopSetting : DetectorSetting
{
    [Parameter("Restarts from which on a container that is backed off counts", 1, 1_000)]
    public int Restarts { get; set; } = 2;
}

public sealed class OutOfMemorySetting : DetectorSetting
{
    [Parameter("Kills of a container from which on it counts", 1, DetectorMemory.Capacity)]
    public int Kills { get; set; } = 1;

    [Parameter("Time within which kills are counted; an older one is history", 10, Day)]
    public TimeSpan Window { get; set; } = TimeSpan.FromMinutes(10);
}

public sealed class RolloutStuckSetting : DetectorSetting
{
    [Parameter("A StatefulSet or DaemonSet without progress for so long is stuck (a Deployment has a deadline of its own)", 30, Day)]
    public TimeSpan NoProgressFor { get; set; } = TimeSpan.FromMinutes(10);
}

public sealed class JobFailedSetting : DetectorSetting
{
    [Parameter("A Job that failed longer ago, when it is first seen, is history", 10, 7 * Day)]
    public TimeSpan MaximumAge { get; set; } = TimeSpan.FromHours(1);
}

public sealed class EvictedSetting : DetectorSetting
{
    [Parameter("Evicted pods of one owner from which on they count", 1, 1_000)]
    public int Pods { get; set; } = 2;

    [Parameter("Time within which evictions are counted", 10, 7 * Day)]
    public TimeSpan Window { get; set; } = TimeSpan.FromMinutes(30);
}

public sealed class NodeNotReadySetting : DetectorSetting
{
    [Parameter("How long a node must have been not ready", 0, Day)]
    public TimeSpan Hold { get; set; } = TimeSpan.FromSeconds(15);

    [Parameter("The same for a cordoned node: whoever cordoned it may be restarting it", 0, Day)]
    public TimeSpan HoldWhenCordoned { get; set; } = TimeSpan.FromMinutes(10);

    [Parameter("Changes of readiness within FlapWindow from which on a node that is ready again counts as flapping", 2,
        DetectorMemory.Capacity)]
    public int Flaps { get; set; } = 6;

    [Parameter("Time within which changes of readiness are counted", 10, Day)]
    public TimeSpan FlapWindow { get; set; } = TimeSpan.FromMinutes(15);
}

public sealed class VolumeFillingSetting : DetectorSetting
{
    [Parameter("Share in use from which on a volume counts whatever its trend", 0.5, 1)]
    public double Full { get; set; } = 0.9;

    [Parameter("Share in use from which on its trend counts", 0, 1)]
    public double TrendFrom { get; set; } = 0.3;

    [Parameter("A steady trend that fills it within this time counts", 60, 30 * Day)]
    public TimeSpan Runway { get; set; } = TimeSpan.FromHours(1);

    [Parameter("Time that the measurements must span before they are a trend", 30, Day)]
    public TimeSpan MinimumSpan { get; set; } = TimeSpan.FromMinutes(3);
}

/// <summary>Parameters of all detectors, section <c>Heal:Watch:Detectors</c>.</summary>
public sealed class DetectorSettings
{
    public CrashLoopSetting CrashLoop { get; set; } = new() { ClearAfter = TimeSpan.FromMinutes(5) };

    public OutOfMemorySetting OutOfMemory { get; set; } = new();

    public HoldingSetting ImagePull { get; set; } = new(TimeSpan.FromSeconds(10));

    public HoldingSetting ContainerConfig { get; set; } = new(TimeSpan.FromSeconds(15));

    public RolloutStuckSetting RolloutStuck { get; set; } = new();

    public HoldingSetting Unschedulable { get; set; } = new(TimeSpan.FromSeconds(60));

    public JobFailedSetting JobFailed { get; set; } = new();

    public HoldingSetting StuckTerminating { get; set; } = new(TimeSpan.FromSeconds(60));

    public EvictedSetting Evicted { get; set; } = new();

    public NodeNotReadySetting NodeNotReady { get; set; } = new();

    public HoldingSetting NodePressure { get; set; } = new(TimeSpan.FromSeconds(30));

    public HoldingSetting NodeProblem { get; set; } = new(TimeSpan.FromSeconds(10));

    public VolumeFillingSetting VolumeFilling { get; set; } = new() { ClearAfter = TimeSpan.FromMinutes(5) };

    public HoldingSetting AutoscalerAtMaximum { get; set; } = new(TimeSpan.FromSeconds(60));

    public HoldingSetting BudgetDeadlock { get; set; } = new(TimeSpan.FromSeconds(30));

    public HoldingSetting EndpointWithoutBackends { get; set; } = new(TimeSpan.FromSeconds(30));

    public HoldingSetting QuotaExhausted { get; set; } = new(TimeSpan.FromSeconds(30));

    public HoldingSetting NodeCordoned { get; set; } = new(TimeSpan.FromHours(24));
}
