using Heal.Drivers.Libvirt.Native;

namespace Heal.Drivers.Libvirt.Calls;

/// <summary>
/// The threads of one host. A call has a deadline, which counts the wait for a thread; past it the caller goes on and the call keeps its
/// thread for as long as it hangs. Threads are started as they are needed, and end when there was nothing to do for half a minute.
/// </summary>
/// <param name="label">Of the threads, for whoever looks at the process.</param>
internal sealed class CallThreads(string host, string label, int maxThreads, int maxWaiting, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan IdleLimit = TimeSpan.FromSeconds(30);

    // not a Lock: threads wait on it
    private readonly object _gate = new();
    private readonly LinkedList<Call> _waiting = new();
    private int _threads;
    private int _idle;
    private int _hung;
    private bool _stopped;

    private string Host => host;

    /// <summary>Threads that there are, calls that wait, and calls that are past their deadline and still hang.</summary>
    public (int Threads, int Waiting, int Hung) Load
    {
        get
        {
            lock (_gate)
                return (_threads, _waiting.Count, _hung);
        }
    }

    /// <exception cref="LibvirtTimeoutException">The call began, and has no end within the time.</exception>
    /// <exception cref="LibvirtUnreachableException">It did not begin: too many wait, or no thread became free within the time.</exception>
    public Task<T> RunAsync<T>(string name, TimeSpan timeout, Func<T> body, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return Task.FromCanceled<T>(cancellationToken);
        var call = new Call<T>(this, name, timeout, body);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_stopped, this);
            if (_threads >= maxThreads && _waiting.Count >= maxWaiting + _idle)
                return Task.FromException<T>(NotStarted(name, $"{_waiting.Count} calls wait already, {Busy()}"));
            call.Node = _waiting.AddLast(call);
            if (_idle < _waiting.Count && _threads < maxThreads)
            {
                _threads++;
                OwnThread.Start($"libvirt {label}", Work);
            }
            else
            {
                Monitor.Pulse(_gate);
            }
        }

        call.Arm(time, cancellationToken);
        return call.Task;
    }

    /// <summary>Whoever waits is told so; calls under way run on, for nobody.</summary>
    public void Dispose()
    {
        Call[] left;
        lock (_gate)
        {
            _stopped = true;
            left = [.. _waiting];
            _waiting.Clear();
            Monitor.PulseAll(_gate);
        }

        foreach (var call in left)
            call.Refuse(NotStarted(call.Name, "the host is being closed"));
    }

    private void Work()
    {
        while (Next() is { } call)
            call.Run();
    }

    private Call? Next()
    {
        lock (_gate)
        {
            while (_waiting.First is null)
            {
                _idle++;
                var woken = !_stopped && Monitor.Wait(_gate, IdleLimit);
                _idle--;
                if (_waiting.First is null && (_stopped || !woken))
                {
                    _threads--;
                    return null;
                }
            }

            var first = _waiting.First.Value;
            _waiting.RemoveFirst();
            first.Node = null;
            return first;
        }
    }

    private string Busy() => $"{_threads} of {maxThreads} threads are busy, {_hung} of them with calls that are past their deadline";

    private LibvirtUnreachableException NotStarted(string call, string why) => new(host, $"{call} was not started: {why}");

    private abstract class Call(string name)
    {
        public string Name { get; } = name;

        public LinkedListNode<Call>? Node { get; set; }

        public abstract void Run();

        public abstract void Refuse(Exception reason);
    }

    private sealed class Call<T>(CallThreads owner, string name, TimeSpan timeout, Func<T> body) : Call(name)
    {
        private readonly TaskCompletionSource<T> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private ITimer? _deadline;
        private CancellationTokenRegistration _cancellation;
        private bool _running;

        // Set before the caller is told: a deadline or a cancellation in between must not tell of a call that did not begin.
        private bool _ended;
        private bool _counted;

        public Task<T> Task => _end.Task;

        public void Arm(TimeProvider time, CancellationToken cancellationToken)
        {
            _cancellation = cancellationToken.UnsafeRegister(
                static (call, token) => ((Call<T>)call!).Cancel(token), this);
            _deadline = time.CreateTimer(static call => ((Call<T>)call!).Expire(), this, timeout, Timeout.InfiniteTimeSpan);
            // it may have ended before the timer was there to be stopped
            if (_end.Task.IsCompleted)
                Disarm();
        }

        public override void Run()
        {
            lock (owner._gate)
            {
                if (_end.Task.IsCompleted)
                    return;
                _running = true;
            }

            try
            {
                var result = body();
                Settle();
                _end.TrySetResult(result);
            }
            catch (Exception reason)
            {
                Settle();
                _end.TrySetException(reason);
            }

            Disarm();
        }

        public override void Refuse(Exception reason)
        {
            _end.TrySetException(reason);
            Disarm();
        }

        private void Settle()
        {
            lock (owner._gate)
            {
                (_running, _ended) = (false, true);
                if (_counted)
                    owner._hung--;
            }
        }

        private void Expire()
        {
            Exception reason;
            lock (owner._gate)
            {
                if (_ended)
                    return;
                if (_running)
                {
                    _counted = true;
                    owner._hung++;
                    reason = new LibvirtTimeoutException(owner.Host, Name, timeout);
                }
                else
                {
                    Leave();
                    reason = owner.NotStarted(Name, $"no thread became free within {timeout.TotalSeconds:0.#} s, {owner.Busy()}");
                }
            }

            Refuse(reason);
        }

        private void Cancel(CancellationToken token)
        {
            lock (owner._gate)
            {
                if (!_running)
                    Leave();
            }

            _end.TrySetCanceled(token);
            Disarm();
        }

        private void Leave()
        {
            if (Node is null)
                return;
            owner._waiting.Remove(Node);
            Node = null;
        }

        private void Disarm()
        {
            _deadline?.Dispose();
            _cancellation.Unregister();
        }
    }
}
