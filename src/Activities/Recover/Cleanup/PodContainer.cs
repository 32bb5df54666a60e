using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes.Pods;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>One container of one pod, and commands in it. It must have sh, find, stat, mv, rm, df and du, as busybox has them.</summary>
internal sealed record PodContainer(string Namespace, string Pod, string Uid, string Name)
{
    private const int MaxOutputBytes = 1 << 20;
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);

    /// <summary>The container in which an action on a path is to work. Reads only.</summary>
    /// <returns>One of both: the refusal when the settings do not allow the path, or no single container is meant.</returns>
    public static async Task<(PodContainer? Container, Proposal? Refused)> OfAsync(
        ActionTools tools, ActionRequest request, CancellationToken cancellationToken)
    {
        if (tools.Ports.Cleanup.Objection(request.Parameters["path"]) is { } objection) return (null, Proposal.Refuse(objection));
        var live = await tools.ReadAsync(request.Target, cancellationToken);
        if (live is null) return (null, Proposal.Gone(request.Target));
        var (container, doubt) = await FindAsync(tools, request.Target, live, request.Parameters, cancellationToken);
        return container is null ? (null, Proposal.Refuse(doubt)) : (container, null);
    }

    /// <summary>Whether the pod is still the same one, or at least one of its name.</summary>
    public async Task<bool> IsThereAsync(ActionTools tools, CancellationToken cancellationToken, bool anyUid = false) =>
        await tools.ReadAsync(Kinds.Pod, Namespace, Pod, cancellationToken) is { } live && (anyUid || live.Uid() == Uid);

    /// <exception cref="ContainerException">It cannot be run there, failed, or said more than is read.</exception>
    public async Task<string> RunAsync(ActionTools tools, IReadOnlyList<string> command, CancellationToken cancellationToken)
    {
        if (tools.Ports.Sessions is not { } sessions) throw new ContainerException(this, "this client cannot run commands in containers");
        ExecResult result;
        try
        {
            var options = new ExecOptions { Command = command, Container = Name, Timeout = Timeout, MaxOutputBytes = MaxOutputBytes };
            result = await sessions.ExecAsync(Namespace, Pod, options, cancellationToken);
        }
        catch (PodExecException e)
        {
            throw new ContainerException(this, e.Detail);
        }

        if (result.ExitCode != 0) throw new ContainerException(this, result.StandardError);
        return result.IsTruncated ? throw new ContainerException(this, "it has more to say than is read") : result.StandardOutput;
    }

    /// <summary>Runs a fixed script; what varies goes in as its arguments, so that no name is ever read as a command.</summary>
    public Task<string> RunAsync(
        ActionTools tools, string script, IReadOnlyList<string> arguments, CancellationToken cancellationToken) =>
        RunAsync(tools, ["sh", "-c", script, "sh", .. arguments], cancellationToken);

    public override string ToString() => $"container {Name} of Pod {Namespace}/{Pod}";

    // The one that the parameters mean: "pod" and "container", each found where there is one only.
    private static async Task<(PodContainer? Container, string Objection)> FindAsync(
        ActionTools tools, TargetReference target, JsonObject live, IReadOnlyDictionary<string, string> values,
        CancellationToken cancellationToken)
    {
        var pods = (target.Kind == TargetKinds.Pod ? [live] : await Workloads.PodsAsync(tools, live, cancellationToken))
            .Where(pod => !pod.IsDeleting() && pod.Text("status", "phase") == "Running"
                && (values.Given("pod") is not { } wanted || pod.Name() == wanted)).ToList();
        if (pods is not [var pod])
        {
            return (null, Workloads.Invariant($"{pods.Count} running pods could be meant: parameter 'pod' must name one"));
        }

        var containers = pod.Items("spec", "containers").Select(item => item.Text("name") ?? "")
            .Where(name => values.Given("container") is not { } wanted || name == wanted).ToList();
        return containers is [var container]
            ? (new PodContainer(target.Namespace, pod.Name(), pod.Uid(), container), "")
            : (null, Workloads.Invariant($"{containers.Count} containers could be meant: parameter 'container' must name one"));
    }
}

/// <summary>A command in a container failed. Its words are data from outside.</summary>
internal sealed class ContainerException(PodContainer container, string detail)
    : Exception($"In {container}: {SafeText.Line(Scrubber.Scrub(detail), 300)}");
