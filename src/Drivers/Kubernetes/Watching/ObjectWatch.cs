using System.Net;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Text.Json;
using Heal.Drivers.Kubernetes.Discovery;
using Heal.Drivers.Kubernetes.Models;
using Heal.Drivers.Kubernetes.Objects;
using Heal.Drivers.Kubernetes.Transport;
using Microsoft.Extensions.Logging;

namespace Heal.Drivers.Kubernetes.Watching;

/// <summary>
/// One watch: list, follow, resume where a connection broke, list again when the server has forgotten the place. Of each relist the
/// consumer sees the difference only.
/// </summary>
internal sealed class ObjectWatch<T>(
    ApiTransport transport,
    DiscoveryCache discovery,
    ObjectLister lister,
    ResourceKind kind,
    string? ns,
    WatchOptions options,
    ILogger logger)
    where T : KubernetesObject
{
    /// <summary>Longest line, in bytes. Servers store no object larger than about 1.5 MiB.</summary>
    private const long MaxLineBytes = 8 << 20;

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);
    /// <summary>A connection that ends sooner, and without an event, counts as failed.</summary>
    private static readonly TimeSpan ShortLife = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    private readonly WatchedObjects<T> _objects = new(isComplete: options.ResourceVersion is null);
    private ApiResource? _resource;
    private string? _version = options.ResourceVersion;
    private long _lastContact;
    private int _failures;
    private int _expiries;

    public async IAsyncEnumerable<WatchEvent<T>> RunAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        _lastContact = transport.Time.GetTimestamp();
        while (true)
        {
            // An iterator cannot yield inside try-catch: the steps catch, and hand back what to yield.
            if (_version is null)
            {
                foreach (var change in await ListAsync(cancellationToken))
                    yield return change;
                continue;
            }

            await using var connection = await OpenAsync(cancellationToken);
            while (connection is not null && await NextAsync(connection, cancellationToken) is { } changes)
            {
                foreach (var change in changes)
                    yield return change;
            }
        }
    }

    private async Task<IReadOnlyList<WatchEvent<T>>> ListAsync(CancellationToken cancellationToken)
    {
        try
        {
            var listOptions = new ListOptions
            {
                LabelSelector = options.LabelSelector,
                FieldSelector = options.FieldSelector,
                Trim = options.Trim,
                MetadataOnly = options.MetadataOnly,
                // What stays in memory is the consumer's business; what one answer may be is ours.
                LimitPerPage = true,
            };
            var list = await lister.ListAsync<T>(kind, ns, listOptions, cancellationToken);
            _lastContact = transport.Time.GetTimestamp();
            _version = list.ResourceVersion;
            var changes = _objects.PresentOnly(list).ToList();
            if (options.IncludeBookmarks)
                changes.Add(new WatchEvent<T>(WatchEventType.Bookmark, null, list.ResourceVersion));
            return changes;
        }
        catch (Exception exception) when (IsPassing(exception))
        {
            await PauseAsync(exception, cancellationToken);
            return [];
        }
    }

    private async Task<Connection?> OpenAsync(CancellationToken cancellationToken)
    {
        try
        {
            _resource = await discovery.GetAsync("watch", kind, cancellationToken);
            var call = Call(_resource);
            var response = await transport.OpenAsync(call, cancellationToken);
            _lastContact = transport.Time.GetTimestamp();
            options.OnConnection?.Invoke(null);
            var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
            var frames = WatchLines.ReadAsync(stream, MaxLineBytes, options.IdleTimeout, transport.Time, cancellationToken);
            return new Connection(call, response, frames.GetAsyncEnumerator(cancellationToken), _lastContact);
        }
        catch (KubernetesApiException exception) when (IsGone(exception))
        {
            await ExpiredAsync(exception, cancellationToken);
            return null;
        }
        catch (KubernetesNotFoundException)
        {
            // Served in another version by now, or no longer: whoever tries again must not be told the old one.
            discovery.Forget(kind);
            throw;
        }
        catch (Exception exception) when (IsPassing(exception))
        {
            await PauseAsync(exception, cancellationToken);
            return null;
        }
    }

    /// <summary>The changes that the next line means; null when the connection is used up.</summary>
    private async Task<IReadOnlyList<WatchEvent<T>>?> NextAsync(Connection connection, CancellationToken cancellationToken)
    {
        Exception failure;
        try
        {
            if (await connection.Frames.MoveNextAsync())
            {
                var changes = Read(connection.Call, connection.Frames.Current);
                connection.HasDelivered = true;
                _failures = 0;
                _expiries = 0;
                return changes;
            }

            // Servers end watches now and then, which is no failure; one that ends at once, again and again, is.
            if (connection.HasDelivered || transport.Time.GetElapsedTime(connection.Opened) > ShortLife)
                return null;
            failure = new KubernetesUnreachableException(
                UnreachableCause.Disconnected, "watch", transport.ResourceUrl(connection.Call), "the server ended the watch at once.");
        }
        catch (Exception exception) when (FailureTranslation.Knows(exception) || exception is KubernetesApiException)
        {
            failure = FailureTranslation.Translate(exception, connection.Call, transport.ResourceUrl(connection.Call));
        }

        if (!IsPassing(failure) && !IsGone(failure))
            ExceptionDispatchInfo.Throw(failure);

        if (transport.Time.GetElapsedTime(connection.Opened) > ShortLife)
            _failures = 0;
        // Until now there was a connection.
        _lastContact = transport.Time.GetTimestamp();
        if (IsGone(failure))
            await ExpiredAsync(failure, cancellationToken);
        else
            await PauseAsync(failure, cancellationToken);
        return null;
    }

    private List<WatchEvent<T>> Read(ApiCall call, WatchFrame frame)
    {
        if (frame.Type == "ERROR")
        {
            var status = frame.Object.Deserialize<StatusDocument>(KubernetesJson.Options) ?? new StatusDocument();
            throw ErrorReader.FromWatch(call, transport.ResourceUrl(call), status);
        }

        if (frame.Type == "BOOKMARK")
        {
            var bookmark = frame.Object.Deserialize<KubernetesObject>(KubernetesJson.Options);
            _version = bookmark?.Metadata.ResourceVersion ?? _version;
            return options.IncludeBookmarks ? [new WatchEvent<T>(WatchEventType.Bookmark, null, _version!)] : [];
        }

        var value = frame.Object.Deserialize<T>(TrimmedJson.For(options.Trim)) ?? throw new JsonException("Expected an object, got null.");
        value.FillType(_resource!);
        if (options.Trim is { } trim)
            value.Trim(trim);
        List<WatchEvent<T>> changes = frame.Type switch
        {
            "ADDED" => [.. _objects.Present(value, WatchEventType.Added)],
            "MODIFIED" => [.. _objects.Present(value, WatchEventType.Modified)],
            "DELETED" => [.. _objects.Gone(value)],
            _ => throw new JsonException($"Expected a watch event of a known type, got '{frame.Type}'."),
        };
        _version = value.Metadata.ResourceVersion ?? _version;
        return changes;
    }

    private ApiCall Call(ApiResource resource) => ApiCalls.Watch(resource, ns, ApiCalls.Query(
        ("watch", "true"),
        ("allowWatchBookmarks", "true"),
        ("resourceVersion", _version),
        ("labelSelector", options.LabelSelector),
        ("fieldSelector", options.FieldSelector),
        // Spread, so that the watches of many processes do not all end at once.
        ("timeoutSeconds", (300 + (int)(300 * transport.Random.NextDouble())).ToString())))
        with { Accept = options.MetadataOnly ? ApiCalls.MetadataOfOne : null };

    private async Task ExpiredAsync(Exception failure, CancellationToken cancellationToken)
    {
        Log.WatchExpired(logger, kind.ToString(), _version ?? string.Empty);
        _version = null;
        // Once is normal. A server that forgets each fresh version at once must not be asked for lists in a tight loop.
        if (_expiries++ > 0)
            await PauseAsync(failure, cancellationToken);
    }

    private static bool IsPassing(Exception exception) => FailurePolicy.IsClusterFailure(exception)
        || exception is KubernetesUnreachableException { Cause: UnreachableCause.BreakerOpen or UnreachableCause.CredentialsFailed };

    private static bool IsGone(Exception exception) => exception is KubernetesApiException { StatusCode: HttpStatusCode.Gone };

    private async Task PauseAsync(Exception failure, CancellationToken cancellationToken)
    {
        options.OnConnection?.Invoke(failure.Message);
        var outage = transport.Time.GetElapsedTime(_lastContact);
        if (outage > options.MaxOutage)
            throw new KubernetesUnreachableException(
                UnreachableCause.TimedOut, "watch", kind.ToString(),
                $"none for {outage.TotalSeconds:0} s; last failure: {failure.Message}", failure);

        var exponential = FirstPause * Math.Pow(2, Math.Min(_failures++, 10));
        var pause = (exponential < LongestPause ? exponential : LongestPause) * (0.5 + (0.5 * transport.Random.NextDouble()));
        if (failure is KubernetesApiException { RetryAfter: { } asked } && asked > pause)
            pause = asked < LongestPause ? asked : LongestPause;
        Log.WatchBroke(logger, kind.ToString(), pause.TotalMilliseconds, failure.Message);
        await Task.Delay(pause, transport.Time, cancellationToken);
    }

    private sealed class Connection(ApiCall call, HttpResponseMessage response, IAsyncEnumerator<WatchFrame> frames, long opened)
        : IAsyncDisposable
    {
        public long Opened { get; } = opened;
        public ApiCall Call { get; } = call;
        public IAsyncEnumerator<WatchFrame> Frames { get; } = frames;
        public bool HasDelivered { get; set; }

        public async ValueTask DisposeAsync()
        {
            await Frames.DisposeAsync();
            response.Dispose();
        }
    }
}
