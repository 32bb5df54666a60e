namespace Microsoft.DurableTask;

/// <summary>Under what an orchestrator or activity is registered.</summary>
internal readonly record struct TaskKey(TaskName Name, TaskVersion Version)
{
    public override string ToString() => Version == TaskVersion.Unversioned ? $"'{Name}'" : $"'{Name}' version '{Version.Version}'";
}
