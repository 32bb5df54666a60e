using Microsoft.Azure.Functions.Worker.Keys;

namespace Microsoft.Azure.Functions.Worker.Store;

/// <summary>
/// What the hosts of one application share: timers and keys, in PostgreSQL also <see cref="ITraceStore"/>. There for any number of
/// hosts, in files for one machine; one suite of tests holds both to the same behaviour. Every method may throw while the storage is
/// away, and may then be tried again.
/// </summary>
internal interface IHostStore : ITimerStore, IKeyStore
{
    /// <summary>Where it is, for people; without secrets.</summary>
    string Place { get; }

    /// <summary>Makes it ready; called once before anything else. When the store was away then, the first of the other methods that
    /// finds it does it.</summary>
    Task InitializeAsync(CancellationToken cancellationToken);

    /// <summary>Whether what a method threw says that the store is out of reach, which may pass by itself.</summary>
    bool IsAway(Exception thrown);
}

/// <summary>
/// Whose turn a timer is. Due times are judged by the hosts' clocks, leases by the store's: a host whose clock is wrong fires early or
/// late, but never takes what another one runs; one that is ahead of the store by more than <see cref="ClockTolerance"/> does not fire.
/// </summary>
internal interface ITimerStore
{
    /// <summary>How far two clocks may be apart before one is taken for wrong.</summary>
    static readonly TimeSpan ClockTolerance = TimeSpan.FromMinutes(1);

    /// <summary>Makes the function's record, or brings it to its schedule: when the text differs or no time was left,
    /// <see cref="TimerEntry.Next"/> is taken over, and when its time is before <see cref="TimerEntry.LeaveOutBefore"/>; also in the place
    /// of a later time that a clock has written which was ahead.</summary>
    Task EnterAsync(TimerEntry entry, CancellationToken cancellationToken);

    Task<TimerState?> ReadAsync(string function, CancellationToken cancellationToken);

    /// <summary>Takes an occurrence and the function's lease, both or nothing.</summary>
    /// <returns>Null: somebody else has it, had it, or the schedule is another one.</returns>
    Task<TimerClaim?> ClaimAsync(TimerBid bid, CancellationToken cancellationToken);

    /// <returns>False: the lease is somebody else's by now.</returns>
    Task<bool> RenewAsync(string function, long fence, TimeSpan lease, CancellationToken cancellationToken);

    /// <summary>Gives the lease back and says when the function is due next. Works as long as nobody else has taken it, expired or
    /// not.</summary>
    /// <returns>False: somebody else has taken it.</returns>
    Task<bool> CompleteAsync(TimerOutcome outcome, CancellationToken cancellationToken);
}

/// <param name="LeaveOutBefore">Occurrences before it are not made up for; null keeps them all.</param>
internal sealed record TimerEntry(
    string Function, string Schedule, DateTimeOffset? Next, DateTimeOffset Now, DateTimeOffset? LeaveOutBefore = null);

/// <param name="Next">The earliest occurrence that is not done; null when there is none.</param>
/// <param name="LeaseLeft">Null when nobody runs the function; not above zero when who runs it has not renewed its lease.</param>
/// <param name="Clock">The store's.</param>
internal sealed record TimerState(
    string Schedule,
    DateTimeOffset? Last,
    DateTimeOffset? Next,
    DateTimeOffset Updated,
    long Fence,
    TimeSpan? LeaseLeft,
    DateTimeOffset Clock);

/// <param name="Due">The occurrence; null for a run beside the schedule.</param>
/// <param name="ExpiredFence">The fence of a lease that was seen expired, to take it; null takes a free one only.</param>
internal sealed record TimerBid(
    string Function, string Schedule, DateTimeOffset? Due, string Owner, DateTimeOffset Now, TimeSpan Lease, long? ExpiredFence = null);

/// <summary>The right to run, with what was known before: the start of the run before, the next occurrence that is not done.</summary>
internal sealed record TimerClaim(long Fence, DateTimeOffset? Last, DateTimeOffset? Next, DateTimeOffset Updated);

/// <param name="KeepsNext">The run was beside the schedule, which goes on as it is.</param>
internal sealed record TimerOutcome(
    string Function, long Fence, string Schedule, DateTimeOffset? Next, bool KeepsNext, DateTimeOffset Now);

/// <summary>The keys of callers, hashed. A name in other letters is the same name; the key keeps the letters that it was made
/// with.</summary>
internal interface IKeyStore
{
    Task<IReadOnlyList<StoredKey>> ReadKeysAsync(CancellationToken cancellationToken);

    /// <summary>Adds those that are not there yet, by kind, function and name.</summary>
    /// <returns>Those that were added.</returns>
    Task<IReadOnlyList<StoredKey>> AddKeysAsync(IReadOnlyList<StoredKey> keys, CancellationToken cancellationToken);

    /// <returns>True: there was none of that name before.</returns>
    Task<bool> SetKeyAsync(StoredKey key, CancellationToken cancellationToken);

    /// <returns>False: there was none.</returns>
    Task<bool> DeleteKeyAsync(KeyId id, CancellationToken cancellationToken);
}
