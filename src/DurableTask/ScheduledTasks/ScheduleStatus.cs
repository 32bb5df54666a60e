namespace Microsoft.DurableTask.ScheduledTasks;

/// <summary>What a schedule does at present.</summary>
public enum ScheduleStatus
{
    /// <summary>It was created, but no worker has seen it yet.</summary>
    Uninitialized = 0,

    /// <summary>It starts its orchestration at each occurrence.</summary>
    Active = 1,

    /// <summary>It starts nothing until it is resumed.</summary>
    Paused = 2,
}

/// <summary>
/// What happens to occurrences that nobody could start in time, because no worker ran. An occurrence is missed when it is more than a
/// minute late. This project's addition.
/// </summary>
public enum MissedRuns
{
    /// <summary>They are left out.</summary>
    Skip = 0,

    /// <summary>One start stands for all of them.</summary>
    RunOnce = 1,

    /// <summary>Each is started, late; of more than 1,000 the newest.</summary>
    RunAll = 2,
}
