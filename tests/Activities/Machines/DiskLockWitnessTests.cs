using Heal.Drivers.Libvirt;

namespace Heal.Activities.Tests;

/// <summary>Looks at the locks of images: in turn, whoever asks, and none after one that never came back.</summary>
public sealed class DiskLockWitnessTests : IDisposable
{
    private static readonly string[] Disk = ["/shared/a.img"];

    private readonly ManualTime _time = new();
    private readonly SlowLocks _locks = new();
    private readonly DiskLockWitness _witness;

    public DiskLockWitnessTests()
    {
        var options = new MachineOptions();
        options.Fencing.SharedStorage.Add(new SharedStorageOptions { Path = "/shared", Here = "/shared" });
        _witness = new DiskLockWitness(_locks, new FixedSettings(options), _time);
    }

    [Fact]
    public async Task Who_asks_while_another_looks_waits_for_a_turn()
    {
        var first = _witness.HoldsAllAsync(Disk, CancellationToken.None);
        await _locks.Begun;

        var second = _witness.HoldsAllAsync(Disk, CancellationToken.None);
        _locks.Release();

        Assert.True(await first);
        Assert.True(await second);
        Assert.Equal(2, _locks.Looks);
    }

    [Fact]
    public async Task No_look_is_sent_after_one_that_has_outlived_its_time_until_that_comes_back()
    {
        var first = _witness.HoldsAllAsync(Disk, CancellationToken.None);
        await _locks.Begun;
        var waiting = _witness.HoldsAllAsync(Disk, CancellationToken.None);

        _time.Advance(TimeSpan.FromSeconds(10));

        Assert.False(await first);
        Assert.False(await waiting);
        Assert.False(await _witness.HoldsAllAsync(Disk, CancellationToken.None));
        Assert.Equal(1, _locks.Looks);

        _locks.Release();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!await _witness.HoldsAllAsync(Disk, patience.Token))
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    public void Dispose()
    {
        _witness.Dispose();
        _locks.Dispose();
    }

    private sealed class SlowLocks : IImageLocks, IDisposable
    {
        private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly ManualResetEventSlim _release = new();
        private int _looks;

        public Task Begun => _begun.Task;

        public int Looks => Volatile.Read(ref _looks);

        public void Release() => _release.Set();

        public ImageLock Look(string path)
        {
            Interlocked.Increment(ref _looks);
            _begun.TrySetResult();
            _release.Wait();
            return new ImageLock(ImageLockState.Held, "");
        }

        public void Dispose() => _release.Dispose();
    }
}
