namespace Heal.DurableTask.Simulation.Tests.World;

/// <summary>
/// One thread, one clock, one source of chance. Everything that can happen next waits in a list; a seeded draw says what does.
/// </summary>
internal sealed class SimWorld(int seed, Trace trace)
{
    private readonly List<(SimProcess Process, Task Step)> _ready = [];
    private readonly PriorityQueue<SimTimer, (long Due, long Order)> _timers = new();
    private long _timersMade;
    private int _thread;
    private volatile bool _strayed;

    public Random Chance { get; } = new(seed);

    public Trace Trace { get; } = trace;

    /// <summary>Ticks since the world began; never goes back.</summary>
    public long Now { get; private set; }

    public int Steps { get; private set; }

    /// <summary>Called before every step of a process, with that process: the moment for a crash at an await.</summary>
    public Action<SimProcess> BeforeStep { get; set; } = static _ => { };

    /// <summary>The most ticks that one step takes.</summary>
    public int LongestStep { get; set; } = 200;

    public void Ready(SimProcess process, Task step)
    {
        if (_thread != 0 && _thread != Environment.CurrentManagedThreadId)
        {
            // Nothing could be replayed any more; the run ends and says so.
            _strayed = true;
            return;
        }

        _ready.Add((process, step));
    }

    public void Schedule(SimTimer timer)
    {
        timer.Order = _timersMade++;
        _timers.Enqueue(timer, (timer.Due, timer.Order));
    }

    /// <summary>Does something later, whatever processes live then.</summary>
    public void After(TimeSpan delay, Action action) => Schedule(new SimTimer(this, action) { Due = Now + delay.Ticks });

    /// <summary>Lets time pass while nobody gets on: a machine that stands still.</summary>
    public void Stall(TimeSpan time) => Now += time.Ticks;

    public bool Happens(double probability) => probability > 0 && Chance.NextDouble() < probability;

    public TimeSpan Between(TimeSpan from, TimeSpan to) =>
        TimeSpan.FromTicks(from.Ticks + Chance.NextInt64(Math.Max(1, to.Ticks - from.Ticks)));

    /// <summary>Runs until <paramref name="done"/>, or until a budget is spent.</summary>
    /// <returns>Why it ended; null when it was done.</returns>
    public string? Run(Func<bool> done, Func<string?> outOfBudget)
    {
        // A context of the caller's, such as a test framework's, would catch the continuations that belong to the processes.
        var outer = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        _thread = Environment.CurrentManagedThreadId;
        try
        {
            while (!done())
            {
                if (_strayed)
                {
                    return "something in the engine went on on the thread pool, past its scheduler";
                }

                if (outOfBudget() is { } reason)
                {
                    return reason;
                }

                if (!Step())
                {
                    return "nothing is left that could happen";
                }
            }

            return null;
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(outer);
        }
    }

    private bool Step()
    {
        FireDueTimers();
        if (_ready.Count == 0)
        {
            if (!_timers.TryPeek(out var next, out _))
            {
                return false;
            }

            Now = Math.Max(Now, next.Due);
            return true;
        }

        Steps++;
        Now += Chance.Next(1, LongestStep);
        int chosen = Chance.Next(_ready.Count);
        var (process, step) = _ready[chosen];
        _ready[chosen] = _ready[^1];
        _ready.RemoveAt(_ready.Count - 1);
        if (process.IsDead)
        {
            return true;
        }

        BeforeStep(process);
        Trace.Mix(process.Number, chosen);
        process.Execute(step);
        return true;
    }

    private void FireDueTimers()
    {
        while (_timers.TryPeek(out var timer, out var key) && (timer.Order != key.Order || timer.Due <= Now))
        {
            _timers.Dequeue();
            if (timer.Order == key.Order)
            {
                timer.Fire();
            }
        }
    }
}
