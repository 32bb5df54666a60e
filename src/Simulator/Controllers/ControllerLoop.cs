using Heal.Simulator.Api;
using Heal.Simulator.Storage;
using Microsoft.Extensions.Logging;

namespace Heal.Simulator.Controllers;

/// <summary>
/// Runs all controllers on one thread, in a fixed order: no two of them race, and a run with the same seed takes the same course.
/// A controller that fails is tried again after <see cref="RetryDelay"/>.
/// </summary>
internal sealed class ControllerLoop(ObjectStore store, SimulatorClock clock, IReadOnlyList<IController> controllers, ILogger logger)
{
    public static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    private readonly Dictionary<(int Controller, ObjectKey Key), DateTimeOffset> _due = [];
    private volatile TaskCompletionSource _poke = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _seen;
    private int _resync;

    /// <summary>Looks at every object again, for causes outside of the store.</summary>
    public void Resync()
    {
        Interlocked.Exchange(ref _resync, 1);
        _poke.TrySetResult();
    }

    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            Observe();
            if (RunDue() > 0)
                continue;
            await WaitAsync(stop);
        }
    }

    private void Observe()
    {
        // Renewed before the flag is read: a request that comes in between is seen by one of the two.
        if (_poke.Task.IsCompleted)
            _poke = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var resync = Interlocked.Exchange(ref _resync, 0) == 1;
        var changes = store.ChangesSince(_seen);
        if (changes is null || resync)
        {
            lock (store.Gate)
            {
                _seen = store.Version;
                foreach (var o in store.Everything())
                    Enqueue(o);
            }
            return;
        }
        foreach (var change in changes)
        {
            _seen = change.Version;
            Enqueue(change.Shown);
        }
    }

    private void Enqueue(StoredObject changed)
    {
        for (var i = 0; i < controllers.Count; i++)
        {
            foreach (var key in controllers[i].Concerned(changed))
                _due[(i, key)] = DateTimeOffset.MinValue;
        }
    }

    private int RunDue()
    {
        var now = clock.Now;
        var due = _due.Where(d => d.Value <= now).Select(d => d.Key).OrderBy(d => d.Controller).ToList();
        foreach (var item in due)
        {
            _due.Remove(item);
            try
            {
                if (controllers[item.Controller].Reconcile(item.Key) is { } again)
                    _due[item] = clock.Now + (again < TimeSpan.FromMilliseconds(1) ? TimeSpan.FromMilliseconds(1) : again);
            }
            catch (Exception e)
            {
                if (e is not ApiException)
                    logger.ControllerFailed(e, controllers[item.Controller].GetType().Name, item.Key.Namespace, item.Key.Name);
                _due[item] = clock.Now + clock.Scale(RetryDelay);
            }
        }
        return due.Count;
    }

    private async Task WaitAsync(CancellationToken stop)
    {
        using var woken = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var waits = new List<Task> { store.WaitBeyondAsync(_seen, woken.Token), _poke.Task };
        if (_due.Count > 0)
        {
            var left = _due.Values.Min() - clock.Now;
            waits.Add(Task.Delay(left > TimeSpan.Zero ? left : TimeSpan.Zero, clock.Time, woken.Token));
        }
        await Task.WhenAny(waits);
        await woken.CancelAsync();
    }
}
