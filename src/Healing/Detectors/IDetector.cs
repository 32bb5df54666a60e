namespace Heal.Healing;

/// <summary>
/// Recognises one fault from what the cluster shows of itself. Pure: the same look gives the same judgement. Everything that has to do with
/// more than one look (holding, clearing, doubles, limits) is the business of <see cref="DetectorBank"/>.
/// </summary>
public interface IDetector
{
    DetectorInfo Info { get; }

    /// <summary>How long an object must be calm before its fault counts as over.</summary>
    TimeSpan ClearAfter { get; }

    Judgement Judge(Observed current, Look look);
}

/// <param name="Name">For people and for the identity of signals; never reused.</param>
/// <param name="Alert">The name of the stock alert that says the same later: workflows and target rules know it.</param>
/// <param name="Kinds">The kinds of object that it judges.</param>
/// <param name="Fires">On what, for the documentation.</param>
/// <param name="Spares">What looks alike and is no fault, for the documentation.</param>
public sealed record DetectorInfo(string Name, string Alert, IReadOnlyList<string> Kinds, string Fires, string Spares)
{
    /// <summary>The names of further alerts by which it says what it found.</summary>
    public IReadOnlyList<string> OtherAlerts { get; init; } = [];

    /// <summary>All names by which it says what it found.</summary>
    public IReadOnlyList<string> Alerts => [Alert, .. OtherAlerts];

    /// <summary>Why no workflow comes with the program for its alerts, so that people are called with the diagnosis; null: each has one.
    /// </summary>
    public string? ForPeople { get; init; }
}

/// <summary>What a detector may look at beside the object.</summary>
/// <param name="Memory">What it remembered of this object.</param>
/// <param name="WasFiring">It fired for this object before, and that is not over.</param>
public sealed record Look(DateTimeOffset Now, ClusterPicture Cluster, DetectorMemory Memory, bool WasFiring = false)
{
    /// <summary>What was told of the fault before this process began, while its sign has not been away since; null: nothing.</summary>
    public Alert? Told { get; init; }

    /// <summary>From when on everything is watched; null: some of what there is has not come yet.</summary>
    public DateTimeOffset? WatchedSince { get; init; }

    /// <summary>Since when the object says that the sign is there, and when that was seen first, by the own clock; null: it was not.
    /// </summary>
    public (DateTimeOffset Since, DateTimeOffset SeenAt)? Sign { get; init; }

    /// <summary>Whether what was first seen at a time was there already when the watch began, so that nobody here saw it begin.</summary>
    public bool WasThereBefore(DateTimeOffset firstSeen) => WatchedSince is not { } watched || firstSeen <= watched;

    /// <summary>
    /// From when on a sign counts: what it says itself. But it cannot have begun after it was seen; when it says so, the own clock is
    /// behind, and its hold must not last longer for that.
    /// </summary>
    internal DateTimeOffset CountedFrom(DateTimeOffset since)
    {
        var seenAt = Sign is { } sign && sign.Since == since ? sign.SeenAt : Now;
        return seenAt < since ? seenAt : since;
    }
}

/// <summary>A detector for one kind of observation.</summary>
public abstract class Detector<T>(DetectorInfo info, DetectorSetting setting) : IDetector where T : Observed
{
    public DetectorInfo Info { get; } = info;

    public TimeSpan ClearAfter { get; } = setting.ClearAfter;

    public Judgement Judge(Observed current, Look look) => current is T known ? Judge(known, look) : Judgement.None;

    protected abstract Judgement Judge(T current, Look look);
}

/// <summary>The few numbers that a detector remembers of an object, the oldest first. Immutable and bounded.</summary>
public sealed record DetectorMemory(IReadOnlyList<Sample> Samples)
{
    /// <summary>Samples of one object and detector. The oldest go first.</summary>
    public const int Capacity = 32;

    public static DetectorMemory Empty { get; } = new([]);

    public Sample? Last => Samples.Count > 0 ? Samples[^1] : null;

    public DetectorMemory With(DateTimeOffset at, double value) =>
        new([.. Samples.Skip(Math.Max(0, Samples.Count + 1 - Capacity)), new Sample(at, value)]);
}

public readonly record struct Sample(DateTimeOffset At, double Value);
