using Heal.Drivers.Libvirt;
using Heal.Healing;
using Microsoft.Extensions.Options;

namespace Heal.Activities;

/// <summary>
/// Nobody holds the locks of the images that a guest writes. Says so only of locks that were seen from here while the guest ran: where the
/// storage does not carry locks between machines, or the emulator takes none, free locks mean nothing.
/// </summary>
internal sealed class DiskLockWitness(IImageLocks locks, IOptionsMonitor<MachineOptions> options, TimeProvider time)
    : IFencingWitness, IDisposable
{
    /// <summary>Of one look. A network file system without its server holds whoever asks for ever.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    // Looks are taken in turn, each for its Limit at most. One that never came back keeps its turn and its thread: no second one is sent
    // after it, and whoever asks meanwhile is told so at once.
    private readonly SemaphoreSlim _turn = new(1, 1);
    private volatile Task? _lost;

    public string Name => "disk-locks";

    public WitnessKind Kind => WitnessKind.DiskLocks;

    public bool Knows(string host) => options.CurrentValue.Fencing.SharedStorage.Any(folder => folder.Here.Length > 0);

    public async Task<Testimony> FenceAsync(FencingOrder order, CancellationToken cancellationToken)
    {
        if (order.Disks.Count == 0) throw new FencingException(Name, $"guest {order.Name} writes no disk: there is no lock to look for");
        if (order.LocksSeenAt is not { } seen)
        {
            throw new FencingException(
                Name, $"the locks of guest {order.Name} were never seen from here while it ran: that there are none proves nothing");
        }

        var at = time.GetUtcNow();
        foreach (var path in order.Disks)
        {
            var found = await LookAsync(path, cancellationToken);
            var shown = SafeText.Line(path, 200);
            if (found.State == ImageLockState.Held) throw new FencingException(Name, $"somebody writes to {shown}");
            if (found.State == ImageLockState.Unknown)
            {
                throw new FencingException(Name, $"the locks of {shown} are not known: {SafeText.Line(found.Detail, 200)}");
            }
        }

        return new Testimony(
            null, FormattableString.Invariant($"nobody holds the locks of its {order.Disks.Count} disks; held when it ran, at {seen:u}"),
            at);
    }

    public void Dispose() => _turn.Dispose();

    /// <summary>Whether the locks of all these images are seen from here to be held.</summary>
    public async Task<bool> HoldsAllAsync(IReadOnlyList<string> paths, CancellationToken cancellationToken)
    {
        if (paths.Count == 0 || !Knows("")) return false;
        foreach (var path in paths)
        {
            if ((await LookAsync(path, cancellationToken)).State != ImageLockState.Held) return false;
        }

        return true;
    }

    private async Task<ImageLock> LookAsync(string path, CancellationToken cancellationToken)
    {
        if (Here(path) is not { } here) return new ImageLock(ImageLockState.Unknown, "it lies in no folder that the healer has too");
        if (_lost is { IsCompleted: false }) return new ImageLock(ImageLockState.Unknown, "an earlier look has not come back");
        if (!await TakeTurnAsync(cancellationToken))
        {
            return new ImageLock(ImageLockState.Unknown, $"earlier looks did not come back within {Limit.TotalSeconds:0} s");
        }

        var look = Task.Run(() => LookInTurn(here), CancellationToken.None);
        try
        {
            return await look.WaitAsync(Limit, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            _lost = look;
            return new ImageLock(ImageLockState.Unknown, $"no answer within {Limit.TotalSeconds:0} s");
        }
    }

    private async Task<bool> TakeTurnAsync(CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(Limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            await _turn.WaitAsync(either.Token);
            return true;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    private ImageLock LookInTurn(string here)
    {
        try
        {
            return locks.Look(here);
        }
        finally
        {
            _turn.Release();
        }
    }

    // Null where no folder has it here.
    private string? Here(string path)
    {
        var folders = options.CurrentValue.Fencing.SharedStorage;
        if (EvacuationPolicy.SharedFolder(path, folders.Select(folder => folder.Path)) is not { } shared) return null;
        var here = folders.First(folder => folder.Path == shared).Here.TrimEnd('/');
        return here.Length == 0 ? null : here + path[shared.TrimEnd('/').Length..];
    }
}
