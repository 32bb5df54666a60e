using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>
/// Sets old files aside in a container, in folders that the settings allow: they are moved, not deleted, so that the inverse can bring them
/// back. That frees no room yet: the room is free once what was set aside has been deleted, which comes by itself after a while.
/// </summary>
internal sealed class CleanupPath : IRecipe, ISettles
{
    /// <summary>The folder in a cleaned one in which what was set aside is kept.</summary>
    public const string Quarantine = ".heal-quarantine";

    public static readonly ActionParameter Path = new(
        "path", ParameterKind.Text, "", null, null,
        $"The folder, as the container sees it. Required, and allowed by {CleanupOptions.Section}:Paths.");

    public static readonly ActionParameter Pod = new("pod", ParameterKind.Text, "", null, null, "Which pod; empty: the only one.");

    public static readonly ActionParameter InContainer = new(
        "container", ParameterKind.Text, "", null, null, "Which container; empty: the only one.");

    public static readonly string[] Targets = [TargetKinds.Pod, TargetKinds.Deployment, TargetKinds.StatefulSet, TargetKinds.DaemonSet];

    public static readonly IReadOnlyList<PermissionRule> Needs =
    [
        new("", "pods", ["get", "list"]), new("", "pods/exec", ["create", "get"]), new("apps", "deployments", ["get"]),
        new("apps", "statefulsets", ["get"]), new("apps", "daemonsets", ["get"]), Rules.ReadReplicaSets,
    ];

    private const int HashBytes = 4;
    private const string KeepFor = "keepFor";

    public ActionDescriptor Descriptor { get; } = new(
        "cleanup_path",
        RiskClass.R3,
        [Causes.DiskFilling],
        Targets,
        [
            Path, Pod, InContainer,
            new ActionParameter("olderThan", ParameterKind.Duration, "24h", "1h", "720h",
                "Only files that nobody has written for this long."),
            new ActionParameter("atLeast", ParameterKind.Quantity, "100Mi", "1", "64Ti", "Not for less than this."),
            new ActionParameter("maxFiles", ParameterKind.Number, "100", "1", "200", "How many files at most, the biggest first."),
            new ActionParameter(KeepFor, ParameterKind.Duration, "24h", "1m", "720h",
                "How long they can be brought back. Then they are deleted, whatever became of the incident."),
        ],
        "The settings allow the path, one running container is meant, and files that old and together that big are in it.",
        "The files are set aside, and the pod runs; what df says is free is measured before and after, and said: it is no more until "
            + "they are deleted. Once they are, more is free than before, at least half of what they held; if not, people are called.",
        "cleanup_path_undo",
        Needs)
    {
        ForOwned = true,
        LeavesFault = true,
        Summary = "Sets old files in a container aside, and deletes them after a while.",
        TimeLimit = KeepFor,
        SettledBy = "cleanup_path_purge",
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
            var minutes = ((int)values.Span("olderThan").TotalMinutes).ToString(CultureInfo.InvariantCulture);
            var listing = await container.RunAsync(
                tools,
                ["find", root, "-xdev", "-type", "f", "-mmin", $"+{minutes}", "!", "-path", $"{root}/{Quarantine}/*",
                    "-exec", "stat", "-c", "%s %n", "{}", "+"],
                cancellationToken);
            if (Read(listing, root) is not { } files) return Proposal.Refuse("a file there has a name that is not plain");
            var chosen = files.OrderByDescending(file => file.Bytes).ThenBy(file => file.Name, StringComparer.Ordinal)
                .Take(values.Number("maxFiles")).ToList();
            var bytes = chosen.Sum(file => file.Bytes);
            if (bytes < values.Amount("atLeast"))
            {
                return Proposal.Refuse(Workloads.Invariant(
                    $"{chosen.Count} files that old have {Amounts.Bytes(bytes)} together, {values["atLeast"]} are asked for"));
            }

            var id = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(request.Key)).AsSpan(0, HashBytes));
            var free = await FreeSpace.MeasureAsync(tools, container, root, cancellationToken);
            return Proposal.Act(
                    Workloads.Invariant(
                        $"sets {chosen.Count} files of {Amounts.Bytes(bytes)} aside in {root} of {container}: {Some(chosen)}"),
                    new SetAsideEffect(container, root, $"{Quarantine}/{id}", [.. chosen.Select(file => file.Name)]))
                .With("bytes", bytes).With("free", free);
        }
        catch (ContainerException e)
        {
            return Proposal.Refuse(e.Message);
        }
    }

    public async Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken)
    {
        var step = (SetAsideEffect)image.Steps[0];
        var pod = await tools.ReadAsync(Kinds.Pod, step.Container.Namespace, step.Container.Pod, cancellationToken);
        if (pod.Uid() != step.Container.Uid) return EffectCheck.NotYet($"{step.Container} is gone");
        if (pod.Text("status", "phase") != "Running") return EffectCheck.NotYet("the pod does not run");
        long free;
        try
        {
            free = await FreeSpace.MeasureAsync(tools, step.Container, step.Root, cancellationToken);
        }
        catch (ContainerException e)
        {
            return EffectCheck.NotYet(e.Message);
        }

        var until = image.ExpiresAt is { } at ? Workloads.Invariant($"are deleted, at {at:u}") : "are deleted";
        return EffectCheck.Yes(
            $"{Amounts.Bytes(FreeSpace.Fact(image, "bytes"))} are set aside, which frees nothing before they {until}: "
                + $"{Amounts.Bytes(free)} are free in {step.Root}, {Amounts.Bytes(FreeSpace.Fact(image, "free"))} were before");
    }

    public Task<JsonObject> FactsAsync(ActionTools tools, IReadOnlyList<Effect> steps, CancellationToken cancellationToken) =>
        FreeSpace.FactsAsync(tools, (PurgeEffect)steps[0], cancellationToken);

    public Task<EffectCheck> CheckSettledAsync(ActionTools tools, ActionImage image, CancellationToken cancellationToken) =>
        FreeSpace.CheckAsync(tools, image, cancellationToken);

    // Null when a name has a line break, or anything else that the listing cannot carry.
    private static List<(long Bytes, string Name)>? Read(string listing, string root)
    {
        var files = new List<(long Bytes, string Name)>();
        foreach (var line in listing.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.Split(' ', 2) is not [var size, var path] || !path.StartsWith($"{root}/", StringComparison.Ordinal)
                || !long.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out var bytes) || path.Any(char.IsControl)
                || path.Contains('\uFFFD', StringComparison.Ordinal)) return null;
            files.Add((bytes, path[(root.Length + 1)..]));
        }

        return files;
    }

    private static string Some(List<(long Bytes, string Name)> files)
    {
        const int Shown = 5;
        var names = string.Join(", ", files.Take(Shown).Select(file => SafeText.Line(file.Name, 60)));
        return files.Count > Shown ? $"{names} and more" : names;
    }
}
