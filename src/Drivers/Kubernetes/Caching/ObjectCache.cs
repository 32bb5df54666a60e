using System.Runtime.CompilerServices;
using Heal.Drivers.Kubernetes.Models;
using Microsoft.Extensions.Logging;

namespace Heal.Drivers.Kubernetes.Caching;

/// <summary>One cache: a loop that follows a watch, the store that it fills, and the consumers that it tells.</summary>
internal sealed partial class ObjectCache<T>(
    IKubernetesClient client, ResourceKind kind, CacheScope scope, CacheOptions options, TimeProvider time, ILogger logger)
    : IObjectCache<T>, IRunningCache
    where T : KubernetesObject
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(500);

    private readonly Lock _lock = new();
    private readonly ObjectStore<T> _store = new();
    private readonly List<CacheSubscription<T>> _consumers = [];
    private readonly TaskCompletionSource _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    /// <summary>Keys from before a new beginning that the server has not shown again yet; null when nothing is open.</summary>
    private HashSet<ObjectKey>? _unseen;
    private long _lastContact = time.GetTimestamp();
    private string? _failure;
    private int _failures;
    private long _changes;
    private bool _hasEnded;

    public CacheStatus Status
    {
        get
        {
            lock (_lock)
            {
                var age = time.GetElapsedTime(_lastContact);
                var state = !_synced.Task.IsCompletedSuccessfully ? CacheState.Syncing
                    : _failure is not null || age > options.StaleAfter ? CacheState.Stale
                    : CacheState.Current;
                return new CacheStatus(kind, scope, state, age, _store.Count, _consumers.Count, _failure);
            }
        }
    }

    public long Changes => Interlocked.Read(ref _changes);

    public int Waiting
    {
        get
        {
            lock (_lock)
                return _consumers.Count == 0 ? 0 : _consumers.Max(c => c.Waiting);
        }
    }

    public long Merged
    {
        get
        {
            lock (_lock)
                return _consumers.Sum(c => c.Merged);
        }
    }

    public Task WaitForSyncAsync(CancellationToken cancellationToken = default) => _synced.Task.WaitAsync(cancellationToken);

    public T? Get(string? ns, string name) => Read(s => s.Get(new ObjectKey(ns, name)));

    public T? GetByUid(string uid) => Read(s => s.GetByUid(uid));

    public IReadOnlyList<T> All() => Read(s => s.All());

    public IReadOnlyList<T> InNamespace(string ns) => Read(s => s.InNamespace(ns));

    public IReadOnlyList<T> OwnedBy(string uid) => Read(s => s.OwnedBy(uid));

    public IReadOnlyList<T> WithLabel(string key, string value) => Read(s => s.WithLabel(key, value));

    public IReadOnlyList<T> OnNode(string node) => Read(s => s.OnNode(node));

    public CacheSubscription<T> Subscribe(SubscriptionOptions? options = null)
    {
        options ??= new SubscriptionOptions();
        lock (_lock)
        {
            var now = time.GetTimestamp();
            ObjectChange<T>[] existing = options.IncludeExisting
                ? [.. _store.All().Select(o => new ObjectChange<T>(ObjectChangeType.Added, null, o, isInitial: true, now))]
                : [];
            var subscription = new CacheSubscription<T>(kind.ToString(), options, existing, Remove);
            if (_hasEnded)
                subscription.Complete();
            else
                _consumers.Add(subscription);
            return subscription;
        }
    }

    public async IAsyncEnumerable<ObjectChange<T>> ChangesAsync(
        SubscriptionOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using var subscription = Subscribe(options);
        await foreach (var change in subscription.ReadAllAsync(cancellationToken))
            yield return change;
    }

    /// <summary>Follows the kind until cancelled, through whatever the server does meanwhile.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var watchOptions = new WatchOptions
        {
            LabelSelector = scope.LabelSelector,
            FieldSelector = scope.FieldSelector,
            MetadataOnly = scope.MetadataOnly,
            IncludeBookmarks = true,
            Trim = options.Trim,
            OnConnection = OnConnection,
        };
        try
        {
            while (true)
            {
                var failure = await FollowAsync(watchOptions, cancellationToken);
                var pause = Pause();
                if (IsForeseen(failure))
                    Log.Broke(logger, kind.ToString(), pause.TotalSeconds, failure.Message);
                else
                    Log.Failed(logger, failure, kind.ToString(), pause.TotalSeconds);
                await Task.Delay(pause, time, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            End();
        }
    }

    private async Task<Exception> FollowAsync(WatchOptions watchOptions, CancellationToken cancellationToken)
    {
        lock (_lock)
            _unseen = [.. _store.Keys];
        try
        {
            await foreach (var change in client.WatchAsync<T>(kind, scope.Namespace, watchOptions, cancellationToken))
                Apply(change);
            return new InvalidOperationException("The watch ended without a reason.");
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            // Whatever it is: all who share this cache would be blind for good without another beginning.
            lock (_lock)
                _failure = exception.Message;
            return exception;
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            // At the end everything may be disposed already.
            throw new OperationCanceledException(exception.Message, exception, cancellationToken);
        }
    }

    private static bool IsForeseen(Exception failure) =>
        failure is KubernetesApiException or KubernetesUnreachableException or TooManyObjectsException;

    private void Apply(WatchEvent<T> change)
    {
        lock (_lock)
        {
            _lastContact = time.GetTimestamp();
            switch (change.Type)
            {
                case WatchEventType.Bookmark:
                    Complete();
                    break;
                case WatchEventType.Deleted:
                    Delete(ObjectKey.Of(change.Object), change.Object);
                    break;
                default:
                    Put(change.Object);
                    break;
            }
        }
    }

    private void Put(T value)
    {
        var key = ObjectKey.Of(value);
        _unseen?.Remove(key);
        var old = _store.Get(key);
        if (old is not null && old.Metadata.Uid != value.Metadata.Uid)
        {
            Delete(key, old);
            old = null;
        }

        // Seen before a new beginning: nothing happened.
        if (old is not null && old.Metadata.ResourceVersion == value.Metadata.ResourceVersion)
            return;
        if (old is null && _store.Count >= options.MaxObjects)
            throw new TooManyObjectsException(kind, options.MaxObjects);
        _store.Put(value);
        var type = old is null ? ObjectChangeType.Added : ObjectChangeType.Modified;
        Tell(key, new ObjectChange<T>(type, old, value, isInitial: old is null && !_synced.Task.IsCompleted, _lastContact));
    }

    private void Delete(ObjectKey key, T last)
    {
        _unseen?.Remove(key);
        if (_store.Remove(key) is not null)
            Tell(key, new ObjectChange<T>(ObjectChangeType.Deleted, last, null, isInitial: false, _lastContact));
    }

    /// <summary>A bookmark: the server has shown everything up to here. What it did not show again is gone.</summary>
    private void Complete()
    {
        foreach (var key in _unseen ?? [])
        {
            if (_store.Get(key) is { } gone)
                Delete(key, gone);
        }

        _unseen = null;
        _failures = 0;
        _failure = null;
        if (_synced.TrySetResult())
            Log.Synced(logger, kind.ToString(), _store.Count);
    }

    private void Tell(ObjectKey key, ObjectChange<T> change)
    {
        Interlocked.Increment(ref _changes);
        // From the end: a consumer that is ended for being slow takes itself out of the list.
        for (var i = _consumers.Count - 1; i >= 0; i--)
            _consumers[i].Post(key, change);
    }

    private void OnConnection(string? failure)
    {
        lock (_lock)
        {
            _failure = failure;
            if (failure is null)
                _lastContact = time.GetTimestamp();
        }
    }

    private TimeSpan Pause()
    {
        var pause = FirstPause * Math.Pow(2, Math.Min(_failures++, 10));
        return pause < options.MaxPause ? pause : options.MaxPause;
    }

    private void Remove(CacheSubscription<T> subscription)
    {
        lock (_lock)
            _consumers.Remove(subscription);
    }

    private void End()
    {
        _synced.TrySetCanceled();
        lock (_lock)
        {
            _hasEnded = true;
            foreach (var consumer in _consumers)
                consumer.Complete();
        }
    }

    private TResult Read<TResult>(Func<ObjectStore<T>, TResult> read)
    {
        lock (_lock)
            return read(_store);
    }

    private static partial class Log
    {
        [LoggerMessage(20, LogLevel.Information, "Cache of {Kind}: complete with {Objects} objects")]
        public static partial void Synced(ILogger logger, string kind, int objects);

        [LoggerMessage(21, LogLevel.Warning, "Cache of {Kind}: the watch ended, beginning anew in {Seconds} s: {Reason}")]
        public static partial void Broke(ILogger logger, string kind, double seconds, string reason);

        [LoggerMessage(22, LogLevel.Error, "Cache of {Kind}: the watch ended by a fault of its own, beginning anew in {Seconds} s")]
        public static partial void Failed(ILogger logger, Exception exception, string kind, double seconds);
    }
}

/// <summary>What those who own a cache need of it, whatever it holds.</summary>
internal interface IRunningCache
{
    CacheStatus Status { get; }
    long Changes { get; }
    int Waiting { get; }
    long Merged { get; }
    Task RunAsync(CancellationToken cancellationToken);
}

/// <summary>There are more objects than a cache may hold.</summary>
public sealed class TooManyObjectsException(ResourceKind kind, int limit) : Exception(
    $"The cache of {kind} may hold {limit} objects (MaxObjects), and there are more. Narrow its scope, or raise the limit.")
{
    public ResourceKind Kind { get; } = kind;
    public int Limit { get; } = limit;
}
