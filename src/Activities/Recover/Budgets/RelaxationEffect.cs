using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Heal.Activities;

/// <summary>
/// Relaxes a budget after a replica was added to its workload, unless that has made it needless: it waits for the replica, up to <see
/// cref="WaitFor"/>, and leaves the budget as it is once that allows a disruption by itself.
/// </summary>
/// <param name="Replicas">How many the workload was given.</param>
internal sealed record RelaxationEffect(PatchEffect Change, ObjectAddress Workload, int Replicas) : Effect
{
    /// <summary>How long the added replica may take to be ready, from the intent of this step on.</summary>
    public static readonly TimeSpan WaitFor = TimeSpan.FromMinutes(2);

    private const string Spared = "spared";

    [JsonIgnore]
    public override string Subject => Change.Subject;

    [JsonIgnore]
    public override bool IsReversible => true;

    /// <summary>Whether a budget allows a disruption, as its controller counted last.</summary>
    public static bool Allows(JsonObject budget) => budget.Whole("status", "disruptionsAllowed") is > 0 && IsCounted(budget);

    public static bool IsCounted(JsonObject budget) =>
        (budget.Whole("status", "observedGeneration") ?? 0) >= (budget.Whole("metadata", "generation") ?? 0);

    public override async Task<Look> LookAsync(ActionTools tools, string key, CancellationToken cancellationToken)
    {
        var look = await Change.LookAsync(tools, key, cancellationToken);
        if (look.Sight != Sight.NotApplied) return look;

        // The drain takes what is allowed at once: that it was needless once is what the ledger knows.
        var row = await tools.Store.FindOperationAsync(key, cancellationToken);
        return row?.State == OperationState.Confirmed || Allows(look.Live!)
            ? Look.Applied(look.Live, new JsonObject { [Spared] = true }, "the added replica was enough") : look;
    }

    public override async Task<WriteAnswer> WriteAsync(
        ActionTools tools, string key, Look look, bool dryRun, CancellationToken cancellationToken)
    {
        var row = await tools.Store.FindOperationAsync(key, cancellationToken);
        if (!dryRun && tools.Time.GetUtcNow() - row?.IntendedAt < WaitFor)
        {
            var ready = await tools.ReadAsync(Workload, cancellationToken) is { } live ? Workloads.Ready(live) : 0;
            var (healthy, expected) = (look.Live.Whole("status", "currentHealthy") ?? 0, look.Live.Whole("status", "expectedPods") ?? 0);
            if (ready < Replicas || healthy < expected || expected < Replicas)
            {
                return WriteAnswer.Later(Workloads.Invariant($"{ready} of {Replicas} replicas of {Workload} are ready"));
            }
        }

        return await Change.WriteAsync(tools, key, look, dryRun, cancellationToken);
    }

    public override Effect? Inverse(JsonObject post) => post.IsTrue(Spared) ? null : Change.Inverse(post);

    public override IReadOnlyList<string> Describe() =>
        [.. Change.Describe().Select(line => $"{line}, if {Replicas} replicas of {Workload} are not enough")];
}
