using Microsoft.Azure.Functions.Worker.Keys;

namespace Microsoft.Azure.Functions.Worker.Store;

/// <summary>
/// The store for hosts of one machine: <c>host-timers.json</c> and <c>host-keys.json</c> in the state folder. Not for a folder that
/// several machines share: leases are judged by the machine's clock, and file locks of network drives are not to be trusted.
/// </summary>
internal sealed class FileHostStore(string folder, TimeProvider time) : IHostStore
{
    public const string KeysName = "host-keys.json";

    private readonly StateFile<TimersContent> _timers = new(Path.Combine(folder, "host-timers.json"));
    private readonly StateFile<KeysContent> _keys = new(Path.Combine(folder, KeysName));

    public string Place => $"folder '{folder}'";

    /// <summary>The old form of the file is taken over before this store sees it: PlainKeyFile.</summary>
    public async Task InitializeAsync(CancellationToken cancellationToken)
    {
        await _timers.ReadAsync(cancellationToken);
        await _keys.ReadAsync(cancellationToken);
    }

    /// <summary>A disk does not come back by itself.</summary>
    public bool IsAway(Exception thrown) => false;

    public Task EnterAsync(TimerEntry entry, CancellationToken cancellationToken) => _timers.ChangeAsync(
        content =>
        {
            TimerRecord? timer = content.Timers.GetValueOrDefault(entry.Function);
            bool isChanged = timer is null || timer.Schedule != entry.Schedule || timer.Next is null
                || (timer.Next < entry.LeaveOutBefore && timer.Owner is null)
                || (timer.Updated > entry.Now + ITimerStore.ClockTolerance && timer.Next > entry.Next && timer.Owner is null);
            if (isChanged)
            {
                timer ??= new();
                timer.Schedule = entry.Schedule;
                timer.Next = entry.Next;
                timer.Updated = entry.Now;
                content.Timers[entry.Function] = timer;
            }

            return (isChanged, isChanged);
        },
        cancellationToken);

    public async Task<TimerState?> ReadAsync(string function, CancellationToken cancellationToken) =>
        (await _timers.ReadAsync(cancellationToken)).Timers.GetValueOrDefault(function) is { } timer
            ? new(timer.Schedule, timer.Last, timer.Next, timer.Updated, timer.Fence,
                timer.Owner is null ? null : timer.LeasedUntil - time.GetUtcNow(), time.GetUtcNow())
            : null;

    public Task<TimerClaim?> ClaimAsync(TimerBid bid, CancellationToken cancellationToken) => _timers.ChangeAsync(
        content =>
        {
            DateTimeOffset now = time.GetUtcNow();
            if (content.Timers.GetValueOrDefault(bid.Function) is not { } timer
                || timer.Schedule != bid.Schedule
                || (bid.Due is not null && timer.Next != bid.Due)
                || (timer.Owner is not null && !(timer.Fence == bid.ExpiredFence && timer.LeasedUntil < now)))
            {
                return ((TimerClaim?)null, false);
            }

            timer.Owner = bid.Owner;
            timer.Started = bid.Now;
            timer.LeasedUntil = now + bid.Lease;
            timer.Fence++;
            return (new(timer.Fence, timer.Last, timer.Next, timer.Updated), true);
        },
        cancellationToken);

    public Task<bool> RenewAsync(string function, long fence, TimeSpan lease, CancellationToken cancellationToken) => HeldAsync(
        function, fence, timer => timer.LeasedUntil = time.GetUtcNow() + lease, cancellationToken);

    public Task<bool> CompleteAsync(TimerOutcome outcome, CancellationToken cancellationToken) => HeldAsync(
        outcome.Function,
        outcome.Fence,
        timer =>
        {
            timer.Last = timer.Started;
            timer.Next = timer.Schedule == outcome.Schedule && !outcome.KeepsNext ? outcome.Next : timer.Next;
            timer.Updated = outcome.Now;
            timer.Owner = null;
            timer.Started = null;
            timer.LeasedUntil = null;
        },
        cancellationToken);

    public async Task<IReadOnlyList<StoredKey>> ReadKeysAsync(CancellationToken cancellationToken) =>
        [.. (await _keys.ReadAsync(cancellationToken)).Keys.Select(static key => key.ToKey())];

    public Task<IReadOnlyList<StoredKey>> AddKeysAsync(IReadOnlyList<StoredKey> keys, CancellationToken cancellationToken) =>
        _keys.ChangeAsync(
            content =>
            {
                List<StoredKey> added = [.. keys.Where(key => content.Keys.TrueForAll(known => known.ToKey().Id != key.Id))];
                content.Keys.AddRange(added.Select(KeyRecord.Of));
                return ((IReadOnlyList<StoredKey>)added, added.Count > 0);
            },
            cancellationToken);

    public Task<bool> SetKeyAsync(StoredKey key, CancellationToken cancellationToken) => _keys.ChangeAsync(
        content =>
        {
            // A key that is there keeps the letters of its name.
            KeyId id = content.Keys.Find(known => known.ToKey().Id == key.Id)?.ToKey().Id ?? key.Id;
            bool isNew = content.Keys.RemoveAll(known => known.ToKey().Id == id) == 0;
            content.Keys.Add(KeyRecord.Of(key with { Id = id }));
            return (isNew, true);
        },
        cancellationToken);

    public Task<bool> DeleteKeyAsync(KeyId id, CancellationToken cancellationToken) => _keys.ChangeAsync(
        content =>
        {
            bool isGone = content.Keys.RemoveAll(known => known.ToKey().Id == id) > 0;
            return (isGone, isGone);
        },
        cancellationToken);

    private Task<bool> HeldAsync(string function, long fence, Action<TimerRecord> change, CancellationToken cancellationToken) =>
        _timers.ChangeAsync(
            content =>
            {
                bool isHeld = content.Timers.GetValueOrDefault(function) is { Owner: not null } timer && timer.Fence == fence;
                if (isHeld)
                {
                    change(content.Timers[function]);
                }

                return (isHeld, isHeld);
            },
            cancellationToken);

    private sealed class TimersContent
    {
        public Dictionary<string, TimerRecord> Timers { get; init; } = new(StringComparer.Ordinal);
    }

    private sealed class TimerRecord
    {
        public string Schedule { get; set; } = "";

        public DateTimeOffset? Last { get; set; }

        public DateTimeOffset? Next { get; set; }

        public DateTimeOffset Updated { get; set; }

        public string? Owner { get; set; }

        public DateTimeOffset? Started { get; set; }

        public DateTimeOffset? LeasedUntil { get; set; }

        public long Fence { get; set; }
    }

    private sealed class KeysContent
    {
        public int Version { get; init; } = 2;

        public List<KeyRecord> Keys { get; init; } = [];
    }

    private sealed record KeyRecord(KeyKind Kind, string Function, string Name, byte[] Salt, byte[] Hash, string? Readable)
    {
        public static KeyRecord Of(StoredKey key) =>
            new(key.Id.Kind, key.Id.Function, key.Id.Name, key.Salt, key.Hash, key.Readable);

        public StoredKey ToKey() => new(new(Kind, Function, Name), Salt, Hash, Readable);
    }
}
