using Microsoft.DurableTask;

namespace Heal.Workflows;

/// <summary>How long the steps of a machine's orchestration are tried. What libvirt refuses is not tried again; these are for hosts that do
/// not answer.</summary>
internal static class VmRetries
{
    /// <summary>A step forward: ten minutes, then what was made is taken away again.</summary>
    public static TaskOptions Forward { get; } = Retries.Within(TimeSpan.FromMinutes(10));

    /// <summary>A copy of a volume: its time follows from its size, and one that was left alone goes on at the host.</summary>
    public static TaskOptions Copy => Retries.Day;

    /// <summary>A step back: a day, because what is left behind is left for people.</summary>
    public static TaskOptions Back => Retries.Day;
}
