using System.Threading.Channels;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Caching;
using Heal.Drivers.Kubernetes.Discovery;
using Heal.Drivers.Kubernetes.Models;
using Microsoft.Extensions.Logging;

namespace Heal.Functions.Watches;

/// <summary>
/// Brings what the shared caches see of all watched kinds into one bounded queue. A kind that the server does not serve or does not let us
/// see is left out, said once, and tried again every minute.
/// </summary>
internal sealed partial class ClusterWatch(
    KubernetesCaches caches, IKubernetesClient client, WatchSettings settings, TimeProvider time, ILogger logger)
{
    /// <summary>Sightings that wait for the detectors. When it is full the caches merge what they hold.</summary>
    private const int QueueLength = 10_000;

    private static readonly TimeSpan BeforeNextTry = TimeSpan.FromMinutes(1);

    /// <summary>Many nodes are measured less often, so that measuring stays below one request in two seconds.</summary>
    private static readonly TimeSpan BetweenNodes = TimeSpan.FromSeconds(2);

    private readonly ServedKinds _served = new(client, time);
    private readonly Channel<Sighting> _queue = Channel.CreateBounded<Sighting>(
        new BoundedChannelOptions(QueueLength) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    public ChannelReader<Sighting> Sightings => _queue.Reader;

    /// <summary>Starts to follow; ends when cancelled.</summary>
    /// <param name="namespaces">Null: all of them.</param>
    /// <returns>The names that come as <see cref="Sighting.Synced"/>, and the end.</returns>
    public (IReadOnlySet<string> Awaited, Task Running) Start(IReadOnlyCollection<string>? namespaces, CancellationToken cancellationToken)
    {
        var awaited = new HashSet<string>(StringComparer.Ordinal);
        var running = new List<Task>();
        foreach (WatchedKind kind in WatchedKind.All)
        {
            foreach (string? ns in kind.IsNamespaced && namespaces is not null ? namespaces.Cast<string?>() : [null])
            {
                var scope = new WatchedScope(kind.Observed, ns);
                awaited.Add(scope.Name);
                running.Add(Task.Run(() => KeepFollowingAsync(kind, scope, cancellationToken), CancellationToken.None));
            }
        }

        if (settings.Detectors.VolumeFilling.Enabled && client is INodeStats stats)
        {
            running.Add(Task.Run(() => MeasureAsync(stats, cancellationToken), CancellationToken.None));
        }

        return (awaited, Task.WhenAll(running));
    }

    private async Task KeepFollowingAsync(WatchedKind kind, WatchedScope scope, CancellationToken cancellationToken)
    {
        string? told = null;
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                ServedKind served = await _served.FirstUsableAsync(kind.Kind, scope.Namespace, "watch", cancellationToken);
                if (served.IsUsable)
                {
                    told = null;
                    await kind.Objects.FollowAsync(
                        caches, served.Kind, scope, sighting => _queue.Writer.WriteAsync(sighting, cancellationToken), time,
                        cancellationToken);
                }
                else
                {
                    Tell(served.Explanation);
                    // The others do not wait for it.
                    await _queue.Writer.WriteAsync(new Sighting(null, null, scope.Name, null, time.GetTimestamp()), cancellationToken);
                }
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failed)
            {
                // Also what nobody foresaw: a kind that nobody watches must be said, and tried again.
                Tell(failed.Message);
            }

            await PauseAsync(BeforeNextTry, cancellationToken);
        }

        void Tell(string reason)
        {
            if (told != reason)
            {
                Log.NotWatched(logger, scope.Name, reason);
            }

            told = reason;
        }
    }

    private async Task MeasureAsync(INodeStats stats, CancellationToken cancellationToken)
    {
        string? toldOfAll = null;
        var told = new HashSet<string>(StringComparer.Ordinal);
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                IReadOnlyList<Node> nodes = caches.Of<Node>().All();
                int measured = 0;
                bool areThereClaims = caches.Statuses.Any(static s => s.Kind == KnownKinds.PersistentVolumeClaim && s.Objects > 0);
                foreach (Node node in areThereClaims ? nodes : [])
                {
                    string name = node.Metadata.Name!;
                    if (await MeasureAsync(stats, name, cancellationToken) is { } failure)
                    {
                        TellOfNode(name, failure);
                    }
                    else
                    {
                        told.Remove(name);
                    }

                    measured++;
                    await PauseAsync(Longer(settings.UsageEvery / nodes.Count, BetweenNodes), cancellationToken);
                }

                told.IntersectWith(nodes.Select(static node => node.Metadata.Name!));

                // All nodes took their time already.
                if (measured > 0)
                {
                    toldOfAll = null;
                    continue;
                }
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failed)
            {
                // Said once: a cluster without this stays without it, and the alert of the monitoring still comes.
                if (toldOfAll is null)
                {
                    Log.NotMeasured(logger, failed.Message);
                }

                toldOfAll = failed.Message;
            }

            await PauseAsync(settings.UsageEvery, cancellationToken);
        }

        void TellOfNode(string node, Exception failure)
        {
            if (told.Add(node))
            {
                Log.NodeNotMeasured(logger, node, failure.Message);
            }
        }
    }

    /// <returns>Why this node could not be measured: the others do not suffer for it. Null when it was.</returns>
    private async Task<Exception?> MeasureAsync(INodeStats stats, string node, CancellationToken cancellationToken)
    {
        try
        {
            foreach (VolumeUsage usage in await stats.GetVolumeUsageAsync(node, cancellationToken))
            {
                await _queue.Writer.WriteAsync(new Sighting(null, null, null, usage, time.GetTimestamp()), cancellationToken);
            }

            return null;
        }
        catch (Exception failed) when (IsOfNode(failed))
        {
            return failed;
        }
    }

    // A right that is missing and a server that cannot be reached concern all nodes alike.
    private static bool IsOfNode(Exception failure) => failure is KubernetesUnreachableException { NotSent: false }
        or (KubernetesApiException and not (KubernetesForbiddenException or KubernetesUnauthorizedException));

    private static TimeSpan Longer(TimeSpan left, TimeSpan right) => left > right ? left : right;

    private async Task PauseAsync(TimeSpan pause, CancellationToken cancellationToken)
    {
        try
        {
            await Task.Delay(pause, time, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The loop sees it.
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning,
            Message = "Detection does without {Kind}: {Reason} It is tried again every minute; alerts do not depend on it.")]
        public static partial void NotWatched(ILogger logger, string kind, string reason);

        [LoggerMessage(Level = LogLevel.Warning,
            Message = "The usage of the volumes on node {Node} cannot be measured: {Reason} It is tried again, and said once.")]
        public static partial void NodeNotMeasured(ILogger logger, string node, string reason);

        [LoggerMessage(Level = LogLevel.Warning, Message = "The usage of volumes cannot be measured: {Reason}")]
        public static partial void NotMeasured(ILogger logger, string reason);
    }
}
