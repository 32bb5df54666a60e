using Microsoft.Azure.Functions.Worker.Health;

namespace Heal.FunctionsWorker.Tests;

public sealed class SharedProbeTests
{
    private readonly ManualTime _time = new();
    private readonly CountingProbe _probe = new();
    private readonly HostHealth _health;

    public SharedProbeTests() => _health = new([_probe], _time);

    [Fact]
    public async Task Many_who_ask_at_once_share_one_probe_and_one_who_leaves_does_not_end_it()
    {
        using var leaves = new CancellationTokenSource();
        Task<IReadOnlyList<MissingDependency>> first = _health.MissingAsync(leaves.Token);
        Task<IReadOnlyList<MissingDependency>>[] others =
            [.. Enumerable.Range(0, 100).Select(_ => _health.MissingAsync(CancellationToken.None))];
        await leaves.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);

        _probe.Answer.SetResult();
        Assert.All(await Task.WhenAll(others), Assert.Empty);
        Assert.Equal(1, _probe.Calls);
    }

    [Fact]
    public async Task An_answer_counts_for_as_long_as_it_is_fresh()
    {
        _probe.Answer.SetException(new IOException());
        Assert.Single(await _health.MissingAsync(CancellationToken.None));
        _probe.Answer = new();
        _probe.Answer.SetResult();
        _time.Advance(HostHealth.ProbeFreshness - TimeSpan.FromTicks(1));
        Assert.Single(await _health.MissingAsync(CancellationToken.None));
        _time.Advance(TimeSpan.FromTicks(1));
        Assert.Empty(await _health.MissingAsync(CancellationToken.None));
        Assert.Equal(2, _probe.Calls);
    }

    private sealed class CountingProbe : IDependencyProbe
    {
        public string Dependency => "it";

        public int Calls { get; private set; }

        public TaskCompletionSource Answer { get; set; } = new();

        public Task CheckAsync(CancellationToken cancellationToken)
        {
            Calls++;
            return Answer.Task;
        }
    }
}
