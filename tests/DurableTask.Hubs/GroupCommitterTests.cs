using Microsoft.DurableTask.PostgreSql;

namespace Heal.DurableTask.Hubs.Tests;

/// <summary>How groups come about, without a database.</summary>
public sealed class GroupCommitterTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Whatever_the_threads_do_each_caller_hears_once()
    {
        var committer = new FakeCommitter(maxGroups: 2) { Work = async () => await Task.Yield() };
        var operations = Enumerable.Range(0, 20_000).Select(i => new FakeOperation($"i{i % 500}")).ToArray();

        await Parallel.ForEachAsync(
            operations,
            new ParallelOptions { MaxDegreeOfParallelism = 200 },
            async (operation, ended) => Assert.Equal(
                operation.InstanceId, await committer.RunAsync(operation).WaitAsync(Patience, ended)));
        await committer.DisposeAsync().AsTask().WaitAsync(Patience);

        Assert.All(operations, operation => Assert.Equal(1, operation.Tellings));
        Assert.True(committer.Groups < operations.Length, "expected groups of more than one");
        Assert.Equal(0, committer.Twins);
    }

    [Fact]
    public async Task A_second_group_begins_when_many_wait_and_no_third_one()
    {
        var gate = new TaskCompletionSource();
        var committer = new FakeCommitter(maxGroups: 2) { Work = () => gate.Task };
        var told = Enumerable.Range(0, 100).Select(i => committer.RunAsync(new FakeOperation($"i{i}"))).ToArray();

        Assert.Equal([1, 16], committer.Sizes);

        gate.SetResult();
        await Task.WhenAll(told).WaitAsync(Patience);
        await committer.DisposeAsync();
        Assert.Equal(100, committer.Sizes.Sum());
    }

    [Fact]
    public async Task An_instance_s_second_part_waits_for_the_first_one_though_another_group_could_begin()
    {
        var gate = new TaskCompletionSource();
        var committer = new FakeCommitter(maxGroups: 2) { Work = () => gate.Task };
        var told = new List<Task> { committer.RunAsync(new FakeOperation("same")), committer.RunAsync(new FakeOperation("same")) };
        told.AddRange(Enumerable.Range(0, 50).Select(i => committer.RunAsync(new FakeOperation($"i{i}"))));

        Assert.Equal([1], committer.Sizes);

        gate.SetResult();
        await Task.WhenAll(told).WaitAsync(Patience);
        await committer.DisposeAsync();
        Assert.Equal(52, committer.Sizes.Sum());
        Assert.Equal(0, committer.Twins);
    }

    [Fact]
    public async Task What_comes_after_the_end_is_refused_and_what_came_before_is_stored()
    {
        var gate = new TaskCompletionSource();
        var committer = new FakeCommitter(maxGroups: 1) { Work = () => gate.Task };
        var before = Enumerable.Range(0, 5).Select(i => committer.RunAsync(new FakeOperation($"i{i}"))).ToArray();
        var ended = committer.DisposeAsync().AsTask();
        var late = new FakeOperation("late");

        await Assert.ThrowsAsync<ObjectDisposedException>(() => committer.RunAsync(late));

        Assert.False(ended.IsCompleted);
        gate.SetResult();
        await Task.WhenAll(before).WaitAsync(Patience);
        await ended.WaitAsync(Patience);
        Assert.Equal(1, late.Tellings);
    }

    private sealed class FakeOperation(string instanceId) : GroupOperation<string>
    {
        private int _tellings;

        public int Tellings => _tellings;

        public override string InstanceId => instanceId;

        public override void Tell()
        {
            Interlocked.Increment(ref _tellings);
            base.Tell();
        }
    }

    private sealed class FakeStore : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private sealed class FakeCommitter(int maxGroups) : GroupCommitter<FakeStore>(new PostgreSqlTaskHubOptions(), maxGroups)
    {
        private readonly Lock _gate = new();
        private readonly List<int> _sizes = [];
        private readonly HashSet<string> _underWay = new(StringComparer.Ordinal);
        private int _twins;

        public required Func<Task> Work { get; init; }

        public int Groups => Sizes.Count;

        /// <summary>How many operations began while another one of their instance was under way, in any group.</summary>
        public int Twins => _twins;

        public List<int> Sizes
        {
            get
            {
                lock (_gate)
                {
                    return [.. _sizes];
                }
            }
        }

        public Task<string> RunAsync(FakeOperation operation) => EnqueueAsync(operation, CancellationToken.None);

        protected override FakeStore CreateStore() => new();

        protected override async Task CommitGroupAsync(FakeStore store, List<GroupOperation> group)
        {
            lock (_gate)
            {
                _sizes.Add(group.Count);
                _twins += group.Count(operation => !_underWay.Add(operation.InstanceId));
            }

            await Work();
            lock (_gate)
            {
                _underWay.ExceptWith(group.Select(operation => operation.InstanceId));
            }

            foreach (var operation in group.Cast<FakeOperation>())
            {
                operation.Answer(operation.InstanceId);
            }
        }
    }
}
