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
/// One watch: what exists, then what changes; resumed where a connection broke, and begun anew when the server has forgotten the place.
/// Of each new beginning the consumer sees the difference only. What exists comes in the watch itself from servers that stream it
/// (Kubernetes 1.32 and newer as a rule), which costs them least; from all others it is listed first.
/// </summary>
internal sealed class ObjectWatch<T>(
    ApiTransport transport,
    DiscoveryCache discovery,
    ObjectLister lister,
    StreamedLists streams,
    ResourceKind kind,
    string? ns,
    WatchOptions options,
    ILogger logger)
    where T : KubernetesObject
{
    /// <summary>Longest line, in bytes. Servers store no object larger than about 1.5 MiB.</summary>
    private const long MaxLineBytes = 8 << 20;

    /// <summary>The mark of the bookmark that ends what exists. The annotation's name is the API's.</summary>
    private const string EndOfExisting = "k8s.io/initial-events-end";

    /// <summary>How the API server refuses a version that is newer than all it has. The words are the API's.</summary>
    private const string NotReached = "Too large resource version";

    /// <summary>After so many streams in a row that broke off what exists is listed: something on the way bears no long answer.</summary>
    private const int MaxBrokenStreams = 2;

    /// <summary>
    /// After so many connections in a row without a byte what exists is read anew. A server whose storage was put back to an older state
    /// takes a version that it has not reached, and says nothing until it has.
    /// </summary>
    private const int MaxSilentConnections = 2;

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
    private int _brokenStreams;
    private int _silentConnections;

    public async IAsyncEnumerable<WatchEvent<T>> RunAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        _lastContact = transport.Time.GetTimestamp();
        while (true)
        {
            // An iterator cannot yield inside try-catch: the steps catch, and hand back what to yield.
            if (_version is null && !(streams.MayAsk(kind) && _brokenStreams < MaxBrokenStreams))
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
            _brokenStreams = 0;
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
        var isStreaming = _version is null;
        try
        {
            _resource = await discovery.GetAsync("watch", kind, cancellationToken);
            var call = Call(_resource);
            var response = await transport.OpenAsync(call, cancellationToken);
            _lastContact = transport.Time.GetTimestamp();
            options.OnConnection?.Invoke(null);
            if (isStreaming)
                _objects.BeginPresentOnly();
            var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
            var deadline = isStreaming ? options.StreamTimeout : Timeout.InfiniteTimeSpan;
            return new Connection(call, response, deadline, transport.Time, token =>
                WatchLines.ReadAsync(stream, MaxLineBytes, options.IdleTimeout, transport.Time, token).GetAsyncEnumerator(token),
                cancellationToken);
        }
        catch (KubernetesApiException exception) when (isStreaming && IsNotStreamed(exception))
        {
            RefuseStream(exception.Message);
            return null;
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
        var isDeaf = false;
        try
        {
            if (await connection.Frames.MoveNextAsync())
            {
                var isLive = !connection.IsStreaming;
                var changes = Read(connection, connection.Frames.Current);
                connection.HasDelivered = true;
                (_failures, _silentConnections) = (0, 0);
                // What exists comes from a server that forgets everything, too.
                _expiries = isLive ? 0 : _expiries;
                return changes;
            }

            if (connection.IsStreaming)
                _brokenStreams++;
            // Servers end watches now and then, which is no failure; one that ends at once, again and again, is.
            if (connection.HasDelivered || transport.Time.GetElapsedTime(connection.Opened) > ShortLife)
                return null;
            failure = new KubernetesUnreachableException(
                UnreachableCause.Disconnected, "watch", transport.ResourceUrl(connection.Call), "the server ended the watch at once.");
        }
        catch (OperationCanceledException) when (connection.IsOverdue && !cancellationToken.IsCancellationRequested)
        {
            // Else its end came in the very last moment: the next connection goes on from there.
            if (connection.IsStreaming)
                RefuseStream($"no end of what exists within {options.StreamTimeout.TotalSeconds:0.#} s");
            return null;
        }
        catch (Exception exception) when (FailureTranslation.Knows(exception) || exception is KubernetesApiException)
        {
            if (connection.IsStreaming)
                _brokenStreams++;
            isDeaf = exception is SilentConnectionException && !connection.HasDelivered
                && ++_silentConnections >= MaxSilentConnections;
            failure = FailureTranslation.Translate(exception, connection.Call, transport.ResourceUrl(connection.Call));
        }

        if (!IsPassing(failure) && !IsGone(failure))
            ExceptionDispatchInfo.Throw(failure);

        if (transport.Time.GetElapsedTime(connection.Opened) > ShortLife)
            _failures = 0;
        // Until now there was a connection.
        _lastContact = transport.Time.GetTimestamp();
        if (isDeaf)
            _silentConnections = 0;
        if (isDeaf || IsGone(failure))
            await ExpiredAsync(failure, cancellationToken);
        else
            await PauseAsync(failure, cancellationToken);
        return null;
    }

    private List<WatchEvent<T>> Read(Connection connection, WatchFrame frame)
    {
        if (frame.Type == "ERROR")
        {
            var status = frame.Read<StatusDocument>(KubernetesJson.Options);
            throw ErrorReader.FromWatch(connection.Call, transport.ResourceUrl(connection.Call), status);
        }

        if (frame.Type == "BOOKMARK")
            return Bookmark(connection, frame.Read<KubernetesObject>(KubernetesJson.Options).Metadata);

        var value = frame.Read<T>(TrimmedJson.For(options.Trim));
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
        // What exists comes in the order of its names: the version of one says nothing of the others and is no place to resume from.
        if (!connection.IsStreaming)
            _version = value.Metadata.ResourceVersion ?? _version;
        return changes;
    }

    private List<WatchEvent<T>> Bookmark(Connection connection, ObjectMeta mark)
    {
        var changes = new List<WatchEvent<T>>();
        if (connection.IsStreaming)
        {
            // Any other says how far the server has come, not how far we have.
            if (mark.Annotation(EndOfExisting) != "true")
                return changes;
            _version = mark.ResourceVersion
                ?? throw new JsonException("Expected the end of what exists to have a resourceVersion, got none.");
            changes.AddRange(_objects.EndPresentOnly(_version));
            connection.EndStreaming();
            _brokenStreams = 0;
        }

        _version = mark.ResourceVersion ?? _version;
        if (options.IncludeBookmarks)
            changes.Add(new WatchEvent<T>(WatchEventType.Bookmark, null, _version!));
        return changes;
    }

    private ApiCall Call(ApiResource resource) => ApiCalls.Watch(resource, ns, ApiCalls.Query(
        ("watch", "true"),
        ("allowWatchBookmarks", "true"),
        ("resourceVersion", _version),
        // Without a version: not older than the moment of asking.
        ("sendInitialEvents", _version is null ? "true" : null),
        ("resourceVersionMatch", _version is null ? "NotOlderThan" : null),
        ("labelSelector", options.LabelSelector),
        ("fieldSelector", options.FieldSelector),
        // Spread, so that the watches of many processes do not all end at once.
        ("timeoutSeconds", (300 + (int)(300 * transport.Random.NextDouble())).ToString())))
        with { Accept = options.MetadataOnly ? ApiCalls.MetadataOfOne : null };

    /// <summary>
    /// Servers without it forbid the parameters (422, and 400 from some that stand before one). Should they have meant something else by
    /// it, a bad selector say, the list that follows is refused for the same reason.
    /// </summary>
    private static bool IsNotStreamed(KubernetesApiException exception) =>
        exception.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.UnprocessableEntity;

    private void RefuseStream(string reason)
    {
        streams.Refuse(kind);
        Log.NotStreamed(logger, kind.ToString(), reason);
    }

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

    /// <summary>The server has forgotten the version, or (its storage was put back to an older state) has not reached it.</summary>
    private static bool IsGone(Exception exception) => exception is KubernetesApiException { StatusCode: HttpStatusCode.Gone }
        || (exception is KubernetesApiException { StatusCode: HttpStatusCode.GatewayTimeout } refused
            && refused.Error.ServerMessage.Contains(NotReached, StringComparison.OrdinalIgnoreCase));

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

    private sealed class Connection : IAsyncDisposable
    {
        private readonly HttpResponseMessage _response;
        private readonly CancellationTokenSource _deadline;
        private readonly CancellationTokenSource _end;

        /// <param name="deadline">For what exists to come; infinite: it does not come in this connection.</param>
        public Connection(
            ApiCall call, HttpResponseMessage response, TimeSpan deadline, TimeProvider time,
            Func<CancellationToken, IAsyncEnumerator<WatchFrame>> read, CancellationToken cancellationToken)
        {
            Call = call;
            _response = response;
            Opened = time.GetTimestamp();
            IsStreaming = deadline != Timeout.InfiniteTimeSpan;
            _deadline = new CancellationTokenSource(deadline, time);
            _end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _deadline.Token);
            Frames = read(_end.Token);
        }

        public long Opened { get; }
        public ApiCall Call { get; }
        public IAsyncEnumerator<WatchFrame> Frames { get; }
        public bool HasDelivered { get; set; }

        /// <summary>What exists has not come completely.</summary>
        public bool IsStreaming { get; private set; }

        public bool IsOverdue => _deadline.IsCancellationRequested;

        public void EndStreaming()
        {
            IsStreaming = false;
            _deadline.CancelAfter(Timeout.InfiniteTimeSpan);
        }

        public async ValueTask DisposeAsync()
        {
            await Frames.DisposeAsync();
            _response.Dispose();
            _end.Dispose();
            _deadline.Dispose();
        }
    }
}
