using System.Globalization;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>
/// Reverts the commit that brought a fault to a workload which a GitOps tool keeps in step with a repository. Touches the repository only;
/// the tool brings the change to the cluster.
/// </summary>
internal sealed class GitRevert : IRecipe
{
    private const string Applications = "applications";

    private static readonly string[] Tools = ["Argo CD", "Flux", "Fleet", "kapp"];

    public ActionDescriptor Descriptor { get; } = new(
        "git_revert",
        RiskClass.R2,
        [
            Causes.BadCommit, Causes.CrashAfterTemplateChange, Causes.ImagePullAfterTemplateChange, Causes.MissingObjectAfterTemplateChange,
            Causes.OutOfMemoryAfterTemplateChange, Causes.RolloutStuckAfterTemplateChange, Causes.ConfigChangedInPlace,
        ],
        [TargetKinds.Deployment, TargetKinds.StatefulSet, TargetKinds.DaemonSet],
        [
            new ActionParameter("remote", ParameterKind.Text, "", null, null,
                "The repository: https, ssh or a local path. Required. Credentials are git's own (helper, ssh agent), never part of this."),
            new ActionParameter("branch", ParameterKind.Text, "main", null, null, "The branch that the tool follows."),
            new ActionParameter("path", ParameterKind.Text, "", null, null, "The folder or file that the workload is kept in; empty: any."),
            new ActionParameter("within", ParameterKind.Duration, "24h", "1m", "168h", "How new the commit must be."),
            new ActionParameter(Applications, ParameterKind.Text, "argocd", null, null,
                "The namespace in which Argo CD keeps the Application, unless the target's own marks name one."),
        ],
        "A GitOps tool owns the target, and the newest commit that touched the path is that new and no merge.",
        "The tool says that it has brought a commit with the revert to the cluster, and all pods are ready; where it cannot be asked, all "
            + "pods are ready. A revert that the tool is not seen to bring in time stays on the branch, for people.",
        "git_revert_undo",
        [
            new("apps", "deployments", ["get"]), new("apps", "statefulsets", ["get"]), new("apps", "daemonsets", ["get"]),
            .. GitOpsSync.Rules,
        ])
    {
        ForOwned = true,
        Summary = "Reverts the commit that brought a fault, in the repository that a GitOps tool follows.",
        EffectWithin = TimeSpan.FromMinutes(15),
    };

    public string? Refusal(EvidenceBundle evidence, IReadOnlyDictionary<string, string> parameters) =>
        evidence.Workload?.Owner is { } owner && Tools.Contains(owner.Tool) ? Faulty(parameters) : "no GitOps tool owns it";

    public async Task<Proposal> ProposeAsync(ActionTools tools, ActionRequest request, CancellationToken cancellationToken)
    {
        var (target, values) = (request.Target, request.Parameters);
        if (Faulty(values) is { } fault) return Proposal.Refuse(fault);
        var live = await tools.ReadAsync(target, cancellationToken);
        if (live is null) return Proposal.Gone(target);
        if (PatchEffect.OwnerOf(live) is not { } owner || !Tools.Contains(owner.Tool)) return Proposal.Refuse("no GitOps tool owns it");
        try
        {
            var (commit, objection) = await NewestAsync(tools, values, cancellationToken);
            if (commit is null) return Proposal.Refuse(objection);
            return Proposal.Act($"reverts commit {commit[..12]} on {values["branch"]}",
                new GitRevertEffect(values["remote"], values["branch"], commit));
        }
        catch (GitException e)
        {
            return Proposal.Refuse(e.Message);
        }
    }

    public async Task<EffectCheck> CheckAsync(
        ActionTools tools, TargetReference target, ActionImage image, CancellationToken cancellationToken)
    {
        var live = await tools.ReadAsync(target, cancellationToken);
        if (live is null) return EffectCheck.NotYet($"{target} is gone");
        var unfinished = Workloads.Unfinished(live);
        var applications = image.Parameters.GetValueOrDefault(Applications, "");
        if (await GitOpsSync.ReadAsync(tools, live, applications, cancellationToken) is not { } sync)
        {
            const string Blind = "whether the tool has brought the revert cannot be seen";
            return unfinished is null ? EffectCheck.Yes($"all pods are ready; {Blind}") : EffectCheck.Open($"{Blind}, and {unfinished}");
        }

        var revert = (GitRevertEffect)image.Steps[0];
        foreach (var revision in sync.Revisions)
        {
            if (!await revert.IsInAsync(revision, cancellationToken)) continue;
            return unfinished is null
                ? EffectCheck.Yes($"the revert is in the cluster (commit {revision[..12]}), all pods ready")
                : EffectCheck.NotYet($"the revert is in the cluster, and {unfinished}");
        }

        return EffectCheck.Open($"by {sync.Place} the revert is not in the cluster yet");
    }

    // Values that git would read as options, or as a way to run something.
    private static string? Faulty(IReadOnlyDictionary<string, string> values)
    {
        if (values["remote"].Length == 0) return "it is not said which repository";
        foreach (var name in (string[])["remote", "branch", "path"])
        {
            if (values[name].StartsWith('-') || values[name].Contains("::", StringComparison.Ordinal) || values[name].Any(char.IsControl))
            {
                return $"{name}: expected a plain value, got '{SafeText.Line(values[name], 100)}'";
            }
        }

        return values["branch"].Length == 0 ? "it is not said which branch" : null;
    }

    private static async Task<(string? Commit, string Objection)> NewestAsync(
        ActionTools tools, IReadOnlyDictionary<string, string> values, CancellationToken cancellationToken)
    {
        await using var clone = await GitClone.OpenAsync(values["remote"], values["branch"], cancellationToken);
        string[] path = values["path"].Length == 0 ? [] : ["--", values["path"]];
        var line = await clone.RunAsync(["log", "-1", "--format=%H %ct %P", .. path], cancellationToken);
        if (line.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries) is not [var commit, var seconds, .. var parents])
        {
            return (null, "no commit touched the path");
        }

        if (parents.Length > 1) return (null, $"commit {commit[..12]} is a merge: which side is to stay is for people to say");
        if (parents.Length == 0) return (null, $"commit {commit[..12]} is the first one: nothing was before it");
        var at = DateTimeOffset.FromUnixTimeSeconds(long.Parse(seconds, CultureInfo.InvariantCulture));
        return tools.Time.GetUtcNow() - at <= values.Span("within")
            ? (commit, "")
            : (null, $"the newest commit that touched the path is of {at:u}, older than {values["within"]}");
    }
}
