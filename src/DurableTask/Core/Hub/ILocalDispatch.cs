using DurableTask.Core.History;

namespace DurableTask.Core.Hub;

/// <summary>
/// A hub that hands new instances straight to a worker of the same process, without a look into storage. What is handed over so is stored
/// like everything else; only the way to the worker is shorter. A hub need not offer it, and need not make use of it.
/// </summary>
public interface ILocalDispatch
{
    /// <summary>Offers a worker; dispose the result before the worker stops.</summary>
    IDisposable Attach(ILocalWorker worker);
}

/// <summary>A worker as its own process's hub sees it.</summary>
public interface ILocalWorker
{
    /// <summary>Unique per process and start.</summary>
    string WorkerId { get; }

    /// <summary>How long its locks are good for unless renewed.</summary>
    TimeSpan Lease { get; }

    /// <summary>Takes a place for this orchestration, if there is one now and the worker runs such orchestrations.</summary>
    bool TryReserve(ExecutionStartedEvent start);

    /// <summary>Gives the place back: the instance was not created, or goes another way.</summary>
    void GiveBack();

    /// <summary>Runs the first turn in the place that was taken. Nobody holds a lock: <see cref="TurnCommit.LockHeld"/> is false. The
    /// instance may not be stored yet, but then together with this turn at the latest: the turn has to be committed or abandoned.</summary>
    void Start(OrchestrationWorkItem item);
}
