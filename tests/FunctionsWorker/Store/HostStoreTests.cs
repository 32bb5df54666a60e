using Microsoft.Azure.Functions.Worker.Keys;
using Microsoft.Azure.Functions.Worker.Store;

namespace Heal.FunctionsWorker.Tests.Store;

/// <summary>What every host store must do; each kind of store runs all of it. Two hosts, each with a store object of its own.</summary>
public abstract class HostStoreTests : IAsyncLifetime
{
    private const string Function = "Tick";
    private const string Schedule = "0 */7 * * * *";

    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset Due = Noon.AddMinutes(7);
    private static readonly DateTimeOffset Then = Noon.AddMinutes(14);
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(5);

    private IHostStore _one = null!;
    private IHostStore _other = null!;

    public async Task InitializeAsync()
    {
        await PrepareAsync();
        _one = await OpenAsync();
        _other = await OpenAsync();
    }

    public abstract Task DisposeAsync();

    private protected abstract Task PrepareAsync();

    private protected abstract Task<IHostStore> OpenAsync();

    /// <summary>Lets time pass for leases.</summary>
    private protected abstract Task PassAsync(TimeSpan time);

    /// <summary>All that is kept about keys, as text.</summary>
    private protected abstract Task<string> DumpKeysAsync();

    [Fact]
    public async Task A_function_that_was_never_entered_has_no_record()
    {
        Assert.Null(await _one.ReadAsync(Function, default));
        Assert.Null(await _one.ClaimAsync(Bid(Due), default));
        Assert.False(await _one.RenewAsync(Function, 1, Lease, default));
    }

    [Fact]
    public async Task Of_many_who_bid_at_once_one_gets_the_occurrence()
    {
        await EnterAsync();
        TimerClaim?[] claims = await Task.WhenAll(
            Enumerable.Range(0, 24).Select(i => Task.Run(() => (i % 2 == 0 ? _one : _other).ClaimAsync(Bid(Due), default))));
        Assert.Single(claims, static claim => claim is not null);
    }

    [Fact]
    public async Task An_occurrence_that_was_run_is_not_run_again_and_the_next_one_is()
    {
        await EnterAsync();
        TimerClaim claim = (await _one.ClaimAsync(Bid(Due), default))!;
        Assert.Equal((null, Due), (claim.Last, claim.Next));
        Assert.True((await _other.ReadAsync(Function, default))!.LeaseLeft > TimeSpan.Zero);
        Assert.Null(await _other.ClaimAsync(Bid(Then), default));

        Assert.True(await _one.CompleteAsync(Outcome(claim.Fence, Then), default));

        Assert.Null(await _other.ClaimAsync(Bid(Due), default));
        TimerClaim next = (await _other.ClaimAsync(Bid(Then), default))!;
        Assert.Equal((Due, Then), (next.Last, next.Next));
        Assert.True(next.Fence > claim.Fence);
    }

    [Fact]
    public async Task A_lease_that_was_not_renewed_is_taken_only_by_who_saw_it_expired()
    {
        await EnterAsync();
        TimerClaim lost = (await _one.ClaimAsync(Bid(Due), default))!;
        Assert.Null(await _other.ClaimAsync(Bid(Due, lost.Fence), default));
        await PassAsync(Lease + TimeSpan.FromSeconds(1));
        Assert.True((await _other.ReadAsync(Function, default))!.LeaseLeft < TimeSpan.Zero);
        Assert.Null(await _other.ClaimAsync(Bid(Due), default));

        Assert.NotNull(await _other.ClaimAsync(Bid(Due, lost.Fence), default));

        Assert.Null(await _one.ClaimAsync(Bid(Due, lost.Fence), default));
        Assert.False(await _one.RenewAsync(Function, lost.Fence, Lease, default));
        Assert.False(await _one.CompleteAsync(Outcome(lost.Fence, Then), default));
    }

    [Fact]
    public async Task A_holder_may_come_late_as_long_as_nobody_took_its_lease()
    {
        await EnterAsync();
        TimerClaim claim = (await _one.ClaimAsync(Bid(Due), default))!;
        await PassAsync(Lease + TimeSpan.FromSeconds(1));
        Assert.True(await _one.RenewAsync(Function, claim.Fence, Lease, default));
        Assert.True((await _other.ReadAsync(Function, default))!.LeaseLeft > TimeSpan.Zero);
        await PassAsync(Lease + TimeSpan.FromSeconds(1));
        Assert.True(await _one.CompleteAsync(Outcome(claim.Fence, Then), default));
        Assert.Null((await _other.ReadAsync(Function, default))!.LeaseLeft);
    }

    [Fact]
    public async Task A_run_beside_the_schedule_excludes_others_and_leaves_the_schedule_as_it_is()
    {
        await EnterAsync();
        TimerClaim claim = (await _one.ClaimAsync(Bid(due: null), default))!;
        Assert.Null(await _other.ClaimAsync(Bid(Due), default));
        await _one.CompleteAsync(Outcome(claim.Fence, next: null) with { KeepsNext = true }, default);
        TimerState state = (await _other.ReadAsync(Function, default))!;
        Assert.Equal((Due, Due), (state.Next, state.Last));
    }

    [Fact]
    public async Task Another_schedule_takes_the_place_of_the_stored_one_and_keeps_the_last_run()
    {
        await EnterAsync();
        TimerClaim claim = (await _one.ClaimAsync(Bid(Due), default))!;
        await _other.EnterAsync(new(Function, "0 0 * * * *", Noon.AddHours(1), Noon), default);

        Assert.True(await _one.CompleteAsync(Outcome(claim.Fence, Then), default));

        TimerState state = (await _one.ReadAsync(Function, default))!;
        Assert.Equal(("0 0 * * * *", Noon.AddHours(1), Due), (state.Schedule, state.Next, state.Last));
        Assert.Null(await _one.ClaimAsync(Bid(state.Next), default));
    }

    [Fact]
    public async Task The_same_schedule_keeps_what_is_due_unless_it_is_to_be_left_out()
    {
        await EnterAsync();
        await _other.EnterAsync(new(Function, Schedule, Then, Noon.AddMinutes(9)), default);
        Assert.Equal(Due, (await _one.ReadAsync(Function, default))!.Next);
        await _other.EnterAsync(new(Function, Schedule, Then, Noon.AddMinutes(9), LeaveOutBefore: Due), default);
        Assert.Equal(Due, (await _one.ReadAsync(Function, default))!.Next);
        await _other.EnterAsync(new(Function, Schedule, Then, Noon.AddMinutes(9), LeaveOutBefore: Due.AddSeconds(1)), default);
        Assert.Equal(Then, (await _one.ReadAsync(Function, default))!.Next);
    }

    [Fact]
    public async Task What_a_clock_that_was_ahead_has_written_gives_way_unless_it_is_within_the_tolerance_or_somebody_runs()
    {
        await _one.EnterAsync(new(Function, Schedule, Then, Noon.AddMinutes(7)), default);
        await _other.EnterAsync(new(Function, Schedule, Due, Noon.AddMinutes(6)), default);
        Assert.Equal(Then, (await _one.ReadAsync(Function, default))!.Next);
        TimerClaim claim = (await _one.ClaimAsync(Bid(due: null), default))!;
        await _other.EnterAsync(new(Function, Schedule, Due, Noon), default);
        Assert.Equal(Then, (await _one.ReadAsync(Function, default))!.Next);
        await _one.CompleteAsync(Outcome(claim.Fence, next: null) with { KeepsNext = true }, default);

        await _other.EnterAsync(new(Function, Schedule, Due, Noon), default);

        Assert.Equal(Due, (await _one.ReadAsync(Function, default))!.Next);
    }

    [Fact]
    public async Task A_schedule_may_have_no_time_left()
    {
        await EnterAsync();
        TimerClaim claim = (await _one.ClaimAsync(Bid(Due), default))!;
        await _one.CompleteAsync(Outcome(claim.Fence, next: null), default);
        Assert.Null((await _other.ReadAsync(Function, default))!.Next);
    }

    [Fact]
    public async Task A_key_is_made_changed_and_deleted_for_every_host()
    {
        var id = new KeyId(KeyKind.Function, Function, "default");
        Assert.True(await _one.SetKeyAsync(StoredKey.Of(id, "first-value-of-the-key"), default));
        Assert.True(Assert.Single(await _other.ReadKeysAsync(default)).Matches("first-value-of-the-key"));
        Assert.False(await _other.SetKeyAsync(StoredKey.Of(id, "second-value-of-the-key"), default));
        StoredKey changed = Assert.Single(await _one.ReadKeysAsync(default));
        Assert.Equal(id, changed.Id);
        Assert.Equal((false, true), (changed.Matches("first-value-of-the-key"), changed.Matches("second-value-of-the-key")));
        Assert.True(await _one.DeleteKeyAsync(id, default));
        Assert.False(await _other.DeleteKeyAsync(id, default));
        Assert.Empty(await _other.ReadKeysAsync(default));
    }

    [Fact]
    public async Task A_key_whose_name_is_the_same_in_other_letters_is_that_key()
    {
        var made = new KeyId(KeyKind.Function, Function, "Partner");
        var same = new KeyId(KeyKind.Function, Function.ToUpperInvariant(), "pARTNER");
        await _one.SetKeyAsync(StoredKey.Of(made, "first-value-of-the-key"), default);
        Assert.Empty(await _other.AddKeysAsync([StoredKey.Of(same, "another-value-of-the-key")], default));
        Assert.False(await _other.SetKeyAsync(StoredKey.Of(same, "second-value-of-the-key"), default));
        StoredKey changed = Assert.Single(await _one.ReadKeysAsync(default));
        Assert.Equal((Function, "Partner", true), (changed.Id.Function, changed.Id.Name, changed.Matches("second-value-of-the-key")));
        Assert.True(await _one.DeleteKeyAsync(same, default));
        Assert.Empty(await _one.ReadKeysAsync(default));
    }

    [Fact]
    public async Task Keys_that_several_hosts_add_at_once_are_each_added_by_one()
    {
        KeyId[] ids = [KeyId.Master, KeyId.DurableTask, new(KeyKind.Host, "", "default")];
        IReadOnlyList<StoredKey>[] added = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(() =>
            (i % 2 == 0 ? _one : _other).AddKeysAsync([.. ids.Select(static id => StoredKey.Of(id, StoredKey.NewValue()))], default))));
        IEnumerable<KeyId> all = added.SelectMany(static keys => keys).Select(static key => key.Id);
        Assert.Equal(ids.OrderBy(static id => id.Kind), all.OrderBy(static id => id.Kind));
        Assert.Equal(3, (await _one.ReadKeysAsync(default)).Count);
    }

    [Fact]
    public async Task No_key_but_that_of_the_links_can_be_read_from_the_store()
    {
        await _one.SetKeyAsync(StoredKey.Of(KeyId.Master, "the-master-key-in-plain"), default);
        await _one.SetKeyAsync(StoredKey.Of(KeyId.DurableTask, "the-key-of-the-links"), default);
        string dump = await DumpKeysAsync();
        Assert.DoesNotContain("the-master-key-in-plain", dump, StringComparison.Ordinal);
        Assert.Contains("the-key-of-the-links", dump, StringComparison.Ordinal);
        Assert.Equal("the-key-of-the-links", (await _other.ReadKeysAsync(default)).Single(static k => k.Id == KeyId.DurableTask).Readable);
    }

    private Task EnterAsync() => _one.EnterAsync(new(Function, Schedule, Due, Noon), default);

    private static TimerBid Bid(DateTimeOffset? due, long? expired = null) =>
        new(Function, Schedule, due, "a host", due ?? Due, Lease, expired);

    private static TimerOutcome Outcome(long fence, DateTimeOffset? next) => new(Function, fence, Schedule, next, KeepsNext: false, Due);
}
