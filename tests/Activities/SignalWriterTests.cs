using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;

namespace Heal.Activities.Tests;

/// <summary>How groups come about and what their senders hear, without a database.</summary>
public sealed class SignalWriterTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly ManualTime _time = new();
    private readonly IntakeMetrics _metrics;
    private readonly IntakeOptions _options = new();
    private readonly FakeTable _table = new();
    private readonly SignalWriter _writer;

    public SignalWriterTests()
    {
        _metrics = new IntakeMetrics(_time);
        _writer = new SignalWriter(() => new FakeSink(_table), _options, _metrics, _time, NullLogger<SignalWriter>.Instance);
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        _table.Gate.TrySetResult();
        await _writer.DisposeAsync();
        _metrics.Dispose();
    }

    [Fact]
    public async Task A_sender_alone_is_stored_at_once_and_a_copy_is_known()
    {
        _table.Gate.SetResult();

        Assert.Equal([true, true], await WriteAsync("a", "b"));
        Assert.Equal([false, true], await WriteAsync("a", "c"));
    }

    [Fact]
    public async Task Senders_that_come_during_a_commit_share_the_next_one_and_each_hears_of_its_own()
    {
        var first = WriteAsync("first");
        var others = Enumerable.Range(0, 10).Select(i => WriteAsync($"s{i}", $"t{i}")).Append(WriteAsync("first", "last")).ToArray();

        _table.Gate.SetResult();
        await Task.WhenAll(others.Append(first)).WaitAsync(Patience);

        Assert.Equal([1, 22], _table.Sizes.Order());
        Assert.All(others[..10], told => Assert.Equal([true, true], told.Result));
        Assert.Equal([false, true], await others[10]);
    }

    [Fact]
    public async Task Of_copies_that_come_together_only_the_first_is_new()
    {
        var first = WriteAsync("other");
        var together = new[] { WriteAsync("a", "a"), WriteAsync("a"), WriteAsync("b", "a") };

        _table.Gate.SetResult();
        await first.WaitAsync(Patience);

        Assert.Equal([true, false], await together[0]);
        Assert.Equal([false], await together[1]);
        Assert.Equal([true, false], await together[2]);
    }

    [Fact]
    public async Task A_group_holds_each_id_once_in_the_order_of_the_ids()
    {
        _table.Gate.SetResult();
        await WriteAsync("d", "a", "c", "a", "b");

        Assert.Equal(_table.Groups.Single().Order(StringComparer.Ordinal), _table.Groups.Single());
        Assert.Equal(4, _table.Groups.Single().Count);
    }

    [Fact]
    public async Task Only_as_many_commits_are_under_way_as_may_be()
    {
        var told = Enumerable.Range(0, 100).Select(i => WriteAsync($"s{i}")).ToArray();

        Assert.Equal(_options.CommitsAtOnce, _table.UnderWay);
        _table.Gate.SetResult();
        await Task.WhenAll(told).WaitAsync(Patience);
        Assert.True(_table.MostUnderWay <= _options.CommitsAtOnce, $"{_table.MostUnderWay} at a time");
    }

    [Fact]
    public async Task More_than_may_wait_are_refused_and_nothing_of_them_is_stored()
    {
        _options.MaxWaitingSignals = 10;
        var first = WriteAsync("under way");
        var waiting = WriteAsync([.. Enumerable.Range(0, 9).Select(i => $"s{i}")]);

        var refused = Assert.Throws<IntakeFullException>(() => { _ = WriteAsync("x", "y"); });
        var fits = WriteAsync("z");
        _table.Gate.SetResult();
        await Task.WhenAll(first, waiting, fits).WaitAsync(Patience);

        Assert.Equal((9, 10), (refused.Waiting, refused.Limit));
        Assert.DoesNotContain(Some.Signal("x").Id, _table.Rows.Keys);
    }

    [Fact]
    public async Task A_bad_part_of_a_group_does_not_spoil_its_neighbours()
    {
        _table.Poison = Some.Signal("bad").Id;
        var first = WriteAsync("first");
        var good = WriteAsync("good");
        var bad = WriteAsync("bad");
        _table.Gate.SetResult();
        await first.WaitAsync(Patience);

        Assert.Equal([true], await good.WaitAsync(Patience));
        await Assert.ThrowsAsync<FormatException>(() => bad.WaitAsync(Patience));
    }

    [Fact]
    public async Task Senders_hear_that_the_store_is_away_and_the_next_ones_are_served_when_it_is_back()
    {
        _table.Gate.SetResult();
        _table.Away = true;
        await Assert.ThrowsAsync<IOException>(() => WriteAsync("a"));
        _table.Away = false;

        Assert.Equal([true], await WriteAsync("a"));
    }

    [Fact]
    public async Task A_commit_that_hangs_is_given_up_after_its_limit()
    {
        var hanging = WriteAsync("a");

        await _time.WaitsUntilAsync(_time.GetUtcNow() + _options.CommitTimeout);
        _time.Advance(_options.CommitTimeout);

        var late = await Assert.ThrowsAsync<TimeoutException>(() => hanging.WaitAsync(Patience));
        Assert.Contains("CommitTimeout", late.Message);
    }

    [Fact]
    public async Task It_is_busy_when_several_wait_together_and_not_a_moment_later()
    {
        var told = Enumerable.Range(0, _options.BusyAt - 1).Select(i => WriteAsync($"s{i}")).ToList();
        Assert.False(_writer.IsBusy);
        told.Add(WriteAsync("one more"));
        Assert.True(_writer.IsBusy);
        _table.Gate.SetResult();
        await Task.WhenAll(told).WaitAsync(Patience);

        _time.Advance(TimeSpan.FromMilliseconds(251));

        Assert.False(_writer.IsBusy);
    }

    [Fact]
    public async Task Who_waits_for_the_next_commit_hears_of_it_and_nobody_waits_in_vain()
    {
        Assert.False(await _writer.NextCommitAsync(Patience, CancellationToken.None));
        var told = WriteAsync("a");
        var next = _writer.NextCommitAsync(Patience, CancellationToken.None);
        Assert.False(next.IsCompleted);

        _table.Gate.SetResult();

        Assert.True(await next.WaitAsync(Patience));
        await told;
    }

    [Fact]
    public async Task It_has_news_until_routing_found_nothing_after_the_last_commit_that_brought_some()
    {
        var told = WriteAsync("a");
        Assert.True(_writer.HasNews);
        var before = _writer.Commits;
        _table.Gate.SetResult();
        await told.WaitAsync(Patience);

        _writer.Seen(before);
        Assert.True(_writer.HasNews);
        _writer.Seen(_writer.Commits);
        Assert.False(_writer.HasNews);
        await WriteAsync("a").WaitAsync(Patience);
        Assert.False(_writer.HasNews);
    }

    [Fact]
    public async Task Stopping_stores_what_waits_and_takes_nothing_more()
    {
        var first = WriteAsync("a");
        var second = WriteAsync("b");
        var stopped = _writer.DisposeAsync();

        Assert.Throws<ObjectDisposedException>(() => { _ = WriteAsync("c"); });
        _table.Gate.SetResult();
        await stopped.AsTask().WaitAsync(Patience);

        Assert.Equal([true], await first);
        Assert.Equal([true], await second);
        Assert.Equal(_table.Made, _table.Disposed);
    }

    [Fact]
    public async Task Whatever_the_threads_do_each_signal_is_new_once()
    {
        _table.Gate.SetResult();
        _table.Yields = true;
        var told = new ConcurrentBag<(string Id, bool IsNew)>();

        await Parallel.ForEachAsync(
            Enumerable.Range(0, 5_000),
            new ParallelOptions { MaxDegreeOfParallelism = 64 },
            async (i, cancelled) =>
            {
                string[] ids = [$"s{i % 700}", $"t{i % 900}"];
                var isNew = await WriteAsync(ids).WaitAsync(Patience, cancelled);
                foreach (var (id, n) in ids.Zip(isNew)) told.Add((id, n));
            });

        Assert.All(told.GroupBy(item => item.Id), copies => Assert.Single(copies, copy => copy.IsNew));
        Assert.Equal(1_600, _table.Rows.Count);
        Assert.True(_table.Sizes.Count < 5_000, "expected groups of more than one");
    }

    private Task<IReadOnlyList<bool>> WriteAsync(params string[] fingerprints) =>
        _writer.WriteAsync(Some.Signals(fingerprints), CancellationToken.None);

    /// <summary>What the sinks of one writer share; nothing is stored before the gate opens.</summary>
    private sealed class FakeTable
    {
        private int _underWay;
        private int _made;
        private int _disposed;

        public TaskCompletionSource Gate { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public ConcurrentDictionary<string, string> Rows { get; } = new(StringComparer.Ordinal);

        public ConcurrentQueue<IReadOnlyList<string>> Groups { get; } = new();

        public IReadOnlyList<int> Sizes => [.. Groups.Select(group => group.Count)];

        public string? Poison { get; set; }

        public bool Away { get; set; }

        public bool Yields { get; set; }

        public int UnderWay => _underWay;

        public int MostUnderWay { get; private set; }

        public int Made => _made;

        public int Disposed => _disposed;

        public void Make() => Interlocked.Increment(ref _made);

        public void Dispose() => Interlocked.Increment(ref _disposed);

        public async Task<IReadOnlySet<string>> StoreAsync(IReadOnlyList<ArrivedSignal> group, CancellationToken cancellationToken)
        {
            MostUnderWay = Math.Max(MostUnderWay, Interlocked.Increment(ref _underWay));
            try
            {
                await Gate.Task.WaitAsync(cancellationToken);
                if (Yields) await Task.Yield();
                if (Away) throw new IOException("the store is away");
                if (group.Any(signal => signal.Id == Poison)) throw new FormatException("bad content");
                Groups.Enqueue([.. group.Select(signal => signal.Id)]);
                return group.Where(signal => Rows.TryAdd(signal.Id, signal.Content)).Select(signal => signal.Id).ToHashSet();
            }
            finally
            {
                Interlocked.Decrement(ref _underWay);
            }
        }
    }

    private sealed class FakeSink : ISignalSink
    {
        private readonly FakeTable _table;

        public FakeSink(FakeTable table)
        {
            _table = table;
            table.Make();
        }

        public Task<IReadOnlySet<string>> StoreAsync(IReadOnlyList<ArrivedSignal> group, CancellationToken cancellationToken) =>
            _table.StoreAsync(group, cancellationToken);

        public ValueTask DisposeAsync()
        {
            _table.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
