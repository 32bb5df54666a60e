using Heal.Drivers.Kubernetes.Pods;
using Heal.Healing;

namespace Heal.Activities.Tests;

/// <summary>What is written beside the cluster: over HTTP, in containers, into repositories. Right after it, something happens.</summary>
internal static class DeadlyWrites
{
    /// <summary>Names, for the hook of a test's repository, the process that a push ends.</summary>
    public const string Pusher = "HEAL_TEST_PUSHER";

    /// <summary>Ends the pushing process once its push is in: to be a repository's hook post-receive.</summary>
    public const string Hook = $"#!/bin/sh\n[ -z \"${Pusher}\" ] || kill -9 \"${Pusher}\"\n";

    // The store of the API server is asked by POST as well.
    private static readonly string[] Written = ["/silences", "/silence/", "/people", "/tickets", "/maintenance/defragment"];

    // What scripts in containers change something with.
    private static readonly string[] Changing = ["mv ", "rm -rf"];

    private static bool Holds(string text, string[] any) => Array.Exists(any, part => text.Contains(part, StringComparison.Ordinal));

    internal sealed class Http(Func<Task> after) : DelegatingHandler(new SocketsHttpHandler())
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var answer = await base.SendAsync(request, cancellationToken);
            if (request.Method != HttpMethod.Get && Holds(request.RequestUri!.AbsolutePath, Written)) await after();
            return answer;
        }
    }

    internal sealed class Kept(IEvidenceStore inner, Func<Task> after) : IEvidenceStore
    {
        public async Task<EvidenceReference> KeepAsync(
            string incidentId, int step, EvidenceBundle bundle, TimeSpan retention, CancellationToken cancellationToken)
        {
            var reference = await inner.KeepAsync(incidentId, step, bundle, retention, cancellationToken);
            await after();
            return reference;
        }

        public Task<EvidenceBundle?> FindAsync(EvidenceReference reference, CancellationToken cancellationToken) =>
            inner.FindAsync(reference, cancellationToken);

        public Task<IReadOnlyList<EvidenceReference>> ListAsync(string incidentId, CancellationToken cancellationToken) =>
            inner.ListAsync(incidentId, cancellationToken);
    }

    internal sealed class Sessions(IPodSessions inner, Func<Task> after) : IPodSessions
    {
        public IAsyncEnumerable<PodLogLine> FollowLogAsync(
            string ns, string pod, LogFollowOptions? options = null, CancellationToken cancellationToken = default) =>
            inner.FollowLogAsync(ns, pod, options, cancellationToken);

        public async Task<ExecResult> ExecAsync(string ns, string pod, ExecOptions options, CancellationToken cancellationToken = default)
        {
            var result = await inner.ExecAsync(ns, pod, options, cancellationToken);
            if (options.Command.Any(word => Holds(word, Changing))) await after();
            return result;
        }
    }
}
