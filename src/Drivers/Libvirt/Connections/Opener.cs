using Heal.Drivers.Libvirt.Native;

namespace Heal.Drivers.Libvirt.Connections;

/// <summary>
/// Opens connections, each on a thread of its own: opening to a frozen daemon has no end. An attempt that is past its deadline is left
/// to itself, and what it may still bring is closed; at most <see cref="MaxHung"/> of them hang at once.
/// </summary>
internal sealed class Opener<T>(string host, Func<T> open, TimeSpan timeout, TimeProvider time)
    where T : class, IDisposable
{
    public const int MaxHung = 3;

    private int _hung;

    /// <exception cref="LibvirtException">It could not be opened: an unreachable or forbidden one.</exception>
    public async Task<T> OpenAsync()
    {
        if (Volatile.Read(ref _hung) >= MaxHung)
            throw new LibvirtUnreachableException(host, $"{MaxHung} attempts to open a connection still hang: is the daemon frozen?");
        var end = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        OwnThread.Start($"libvirt open {host}", () => Run(end));
        try
        {
            return await end.Task.WaitAsync(timeout, time);
        }
        catch (TimeoutException)
        {
            Interlocked.Increment(ref _hung);
            _ = end.Task.ContinueWith(CloseLate, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            throw new LibvirtUnreachableException(
                host,
                $"opening a connection was not answered within {timeout.TotalSeconds:0.#} s: is the daemon frozen, or the way to it cut?");
        }
    }

    private void Run(TaskCompletionSource<T> end)
    {
        try
        {
            LibvirtLibrary.Require(host);
            end.SetResult(open());
        }
        catch (NativeFault fault)
        {
            end.SetException(Refusals.OfOpening(host, fault));
        }
        catch (Exception reason)
        {
            end.SetException(reason as LibvirtException
                ?? new LibvirtUnreachableException(host, $"a connection could not be opened: {reason.Message}", reason));
        }
    }

    private void CloseLate(Task<T> late)
    {
        Interlocked.Decrement(ref _hung);
        if (late.IsCompletedSuccessfully)
            late.Result.Dispose();
        else
            _ = late.Exception;
    }
}
