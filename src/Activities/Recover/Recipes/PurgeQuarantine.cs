using System.Globalization;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>Deletes what <see cref="CleanupPath"/> has set aside, when nobody has asked for it back for a while. For good.</summary>
internal sealed class PurgeQuarantine : IRecipe
{
    /// <summary>Folders that one operation deletes at most.</summary>
    public const int MaxFolders = 50;

    private const int IdLength = 8;

    public ActionDescriptor Descriptor { get; } = new(
        "purge_quarantine",
        RiskClass.R3,
        [Causes.DiskFilling],
        CleanupPath.Targets,
        [
            CleanupPath.Path, CleanupPath.Pod, CleanupPath.InContainer,
            new ActionParameter("olderThan", ParameterKind.Duration, "24h", "1m", "720h", "Only what was set aside longer ago than this."),
        ],
        "The settings allow the path, one running container is meant, and something was set aside there that long ago.",
        "The folders with what was set aside are gone, and df says that more is free than before: at least half of what they held.",
        null,
        CleanupPath.Needs)
    {
        ForOwned = true,
        Summary = "Deletes files that were set aside in a container.",
    };

    public string? Refusal(EvidenceBundle evidence, IReadOnlyDictionary<string, string> parameters) =>
        parameters["path"].Length == 0 ? "it is not said which path" : null;

    public async Task<Proposal> ProposeAsync(ActionTools tools, ActionRequest request, CancellationToken cancellationToken)
    {
        var (values, root) = (request.Parameters, request.Parameters["path"]);
        var (container, refused) = await PodContainer.OfAsync(tools, request, cancellationToken);
        if (container is null) return refused!;
        try
        {
            // Two levels, for a find that knows no depth: the folders of single operations are the ones with names of ours.
            var minutes = ((int)values.Span("olderThan").TotalMinutes).ToString(CultureInfo.InvariantCulture);
            var home = $"{root}/{CleanupPath.Quarantine}";
            var listing = await container.RunAsync(
                tools, "if [ -d \"$1\" ]; then find \"$1\" -maxdepth 1 -type d -mmin \"+$2\"; fi", [home, minutes], cancellationToken);
            var folders = listing.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Where(line => line.StartsWith($"{home}/", StringComparison.Ordinal)).Select(line => line[(home.Length + 1)..])
                .Where(name => name.Length == IdLength && name.All(char.IsAsciiHexDigitLower))
                .Order(StringComparer.Ordinal).Take(MaxFolders).ToList();
            if (folders.Count == 0) return Proposal.Refuse("nothing was set aside there that long ago");
            var purge = new PurgeEffect(container, root, [.. folders.Select(name => $"{CleanupPath.Quarantine}/{name}")]);
            var proposal = Proposal.Act(
                Workloads.Invariant($"deletes what {folders.Count} operations set aside in {root} of {container}"), purge);
            return proposal with { Facts = await FreeSpace.FactsAsync(tools, purge, cancellationToken) };
        }
        catch (ContainerException e)
        {
            return Proposal.Refuse(e.Message);
        }
    }

    public Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken) =>
        FreeSpace.CheckAsync(tools, image, cancellationToken);
}
