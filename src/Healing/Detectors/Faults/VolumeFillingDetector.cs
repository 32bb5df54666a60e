using System.Globalization;

namespace Heal.Healing;

/// <summary>
/// A volume that is nearly full, or that a steady trend fills soon. The trend is the least-squares line through the measurements; it counts
/// when the line explains them (R² of <see cref="Fit"/>) and most steps go up, so that a single large write or a log that is rotated
/// is none.
/// </summary>
internal sealed class VolumeFillingDetector(VolumeFillingSetting setting) : Detector<ObservedClaim>(
    new DetectorInfo("volume-filling", "KubePersistentVolumeFillingUp", [TargetKinds.PersistentVolumeClaim],
        "A claim is in use to the share `Full`, or to the share `TrendFrom` with a steady trend over at least `MinimumSpan` that fills it "
            + "within `Runway`.",
        "A single large write, usage that goes up and down, a volume that nobody measures, slow growth."),
    setting)
{
    private const int FewestSamples = 5;
    private const double Fit = 0.8;
    private const double RisingSteps = 0.7;
    private const string RunwayShort = "PVRunwayShort";

    /// <summary>So long a fault that was told of before a restart waits for the first measurement after it.</summary>
    private static readonly TimeSpan FirstMeasurement = TimeSpan.FromHours(2);

    protected override Judgement Judge(ObservedClaim claim, Look look)
    {
        if (claim.MeasuredAt is not { } at || claim.CapacityBytes <= 0)
        {
            return look.Told is not null && !(look.Now - look.WatchedSince > FirstMeasurement) ? Later(look) : Judgement.None;
        }

        var memory = look.Memory.Last?.At < at || look.Memory.Last is null ? look.Memory.With(at, claim.UsedBytes) : look.Memory;
        // Two nodes that mount a claim measure it each in its own time: an older measurement that comes later says nothing of now.
        var newest = memory.Last!.Value;
        var used = newest.Value / claim.CapacityBytes;
        var share = string.Create(
            CultureInfo.InvariantCulture,
            $"{newest.Value:0} of {claim.CapacityBytes} bytes in use ({used * 100:0.#} %) at {newest.At:u}");
        if (used >= setting.Full)
        {
            var since = memory.Samples.First(sample => sample.Value / claim.CapacityBytes >= setting.Full).At;
            // As far back as is remembered it was full.
            return Firing(since, $"{claim.Info} is nearly full", share)
                with { Memory = memory, BeganUnseen = since == memory.Samples[0].At };
        }

        if (used >= setting.TrendFrom && Runway(memory, claim.CapacityBytes) is { } runway && runway <= setting.Runway)
        {
            var text = string.Create(CultureInfo.InvariantCulture, $"{runway.TotalMinutes:0} min");
            return Firing(newest.At, $"{claim.Info} will be full in {text}", share, $"trend of {memory.Samples.Count} measurements") with
            {
                Memory = memory,
                Alert = RunwayShort,
            };
        }

        // A trend that was told of before a restart cannot show again before there are measurements enough.
        return (look.Told?.Name == RunwayShort && used >= setting.TrendFrom && IsTooShort(memory.Samples) ? Later(look) : Judgement.None)
            with { Memory = memory };
    }

    private static Judgement Later(Look look) => Judgement.Suspect(look.Now + BankLimits.Recheck);

    private bool IsTooShort(IReadOnlyList<Sample> samples) =>
        samples.Count < FewestSamples || samples[^1].At - samples[0].At < setting.MinimumSpan;

    private static Judgement Firing(DateTimeOffset since, string summary, params string[] evidence) =>
        Judgement.Firing(since, summary, evidence);

    /// <summary>Until it is full; null without a steady trend upwards.</summary>
    private TimeSpan? Runway(DetectorMemory memory, double capacity)
    {
        var samples = memory.Samples;
        if (IsTooShort(samples)) return null;
        var (sumX, sumY, sumXx, sumXy, sumYy, rising) = (0d, 0d, 0d, 0d, 0d, 0);
        for (var i = 0; i < samples.Count; i++)
        {
            var (x, y) = ((samples[i].At - samples[0].At).TotalSeconds, samples[i].Value);
            (sumX, sumY, sumXx, sumXy, sumYy) = (sumX + x, sumY + y, sumXx + (x * x), sumXy + (x * y), sumYy + (y * y));
            if (i > 0 && y > samples[i - 1].Value) rising++;
        }

        var n = samples.Count;
        var (covariance, spreadX, spreadY) = ((n * sumXy) - (sumX * sumY), (n * sumXx) - (sumX * sumX), (n * sumYy) - (sumY * sumY));
        if (spreadX <= 0 || spreadY <= 0 || covariance <= 0 || rising < RisingSteps * (n - 1)) return null;
        if (covariance * covariance / (spreadX * spreadY) < Fit) return null;
        var seconds = (capacity - samples[^1].Value) / (covariance / spreadX);
        return seconds < TimeSpan.FromDays(365).TotalSeconds ? TimeSpan.FromSeconds(seconds) : null;
    }
}
