namespace Heal.DurableTask.Simulation.Tests.World;

/// <summary>
/// An operating-system process as the engine's code feels it: it can be killed between any two steps, and stopped and continued.
/// What a killed process had still to do never happens.
/// </summary>
internal sealed class SimProcess(SimWorld world, string name, int number) : TaskScheduler
{
    private readonly Queue<Task> _held = new();

    public SimWorld World => world;
    public string Name => name;
    public int Number => number;

    /// <summary>True for what may be killed: the client knows more than a program does, and has to live.</summary>
    public bool IsWorker { get; init; }

    /// <summary>Called once, when the process is gone.</summary>
    public Action Killed { get; set; } = static () => { };

    public bool IsDead { get; private set; }
    public bool IsPaused { get; private set; }

    public void Kill()
    {
        if (IsDead)
        {
            return;
        }

        world.Trace.Write($"{name} is killed");
        IsDead = true;
        _held.Clear();
        Killed();
    }

    public void Pause()
    {
        world.Trace.Write($"{name} stands still");
        IsPaused = true;
    }

    public void Continue()
    {
        world.Trace.Write($"{name} goes on");
        IsPaused = false;
        while (!IsDead && _held.TryDequeue(out var step))
        {
            world.Ready(this, step);
        }
    }

    public Task Start(Func<Task> work) =>
        Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.DenyChildAttach, this).Unwrap();

    public void Post(Action action) => new Task(action).Start(this);

    public void Execute(Task step)
    {
        if (IsDead)
        {
            return;
        }

        if (IsPaused)
        {
            _held.Enqueue(step);
            return;
        }

        TryExecuteTask(step);
    }

    protected override void QueueTask(Task task)
    {
        if (!IsDead)
        {
            world.Ready(this, task);
        }
    }

    // Nothing runs inside of something else: every continuation is a step of its own, at which the process may die.
    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;

    protected override IEnumerable<Task> GetScheduledTasks() => [];
}
