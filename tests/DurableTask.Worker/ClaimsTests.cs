using DurableTask.Core.Hub;
using Microsoft.DurableTask.Worker.Dispatch;

namespace Heal.DurableTask.Worker.Tests;

/// <summary>Which calls for locks are under way, and what a failed one leaves behind.</summary>
public sealed class ClaimsTests
{
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(1);
    private readonly ManualTime _time = new();
    private readonly Claims _claims;

    public ClaimsTests() => _claims = new Claims(_time, Lease);

    [Fact]
    public async Task A_wait_ends_with_the_last_call_that_had_begun_before_it()
    {
        long first = _claims.Begin();
        long second = _claims.Begin();
        Task waiting = _claims.WaitForTheseAsync(CancellationToken.None);
        long later = _claims.Begin();

        _claims.End(second);
        Assert.False(waiting.IsCompleted);
        _claims.End(first);
        await waiting.WaitAsync(TimeSpan.FromSeconds(30));

        _claims.End(later);
        await _claims.WaitForTheseAsync(CancellationToken.None);
    }

    [Fact]
    public async Task A_wait_that_is_cancelled_ends_before_the_calls()
    {
        using var cancellation = new CancellationTokenSource();
        _claims.Begin();
        Task waiting = _claims.WaitForTheseAsync(cancellation.Token);

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.WaitAsync(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public async Task A_failed_look_is_in_doubt_for_a_lease_and_the_next_one_takes_one_piece_of_work()
    {
        Assert.False(_claims.IsInDoubt(WorkKind.Activity));
        await Assert.ThrowsAsync<IOException>(() => LookAsync(_ => throw new IOException()));

        Assert.True(_claims.IsInDoubt(WorkKind.Activity));
        Assert.False(_claims.IsInDoubt(WorkKind.Entity));
        Assert.Equal(1, await LookAsync(most => most));
        Assert.Equal(10, await LookAsync(most => most));
        Assert.True(_claims.IsInDoubt(WorkKind.Activity));
        _time.Advance(Lease + TimeSpan.FromSeconds(1));
        Assert.False(_claims.IsInDoubt(WorkKind.Activity));
    }

    [Fact]
    public async Task What_a_look_brings_is_held_when_the_look_has_ended()
    {
        var answer = new TaskCompletionSource<IReadOnlyList<int>>();
        var held = new List<int>();
        Task<IReadOnlyList<int>> look = _claims.LookAsync(WorkKind.Activity, 10, _ => answer.Task, held.Add);
        Task waiting = _claims.WaitForTheseAsync(CancellationToken.None);

        Assert.False(waiting.IsCompleted);
        answer.SetResult([1, 2]);
        await waiting.WaitAsync(TimeSpan.FromSeconds(30));

        Assert.Equal([1, 2], held);
        Assert.Equal([1, 2], await look);
    }

    /// <returns>How much the look was for.</returns>
    private async Task<int> LookAsync(Func<int, int> look) =>
        (await _claims.LookAsync(WorkKind.Activity, 10, most => Task.FromResult<IReadOnlyList<int>>([look(most)]), _ => { }))[0];
}
