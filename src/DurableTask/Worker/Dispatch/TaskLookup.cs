using System.Diagnostics.CodeAnalysis;
using DurableTask.Core.History;

namespace Microsoft.DurableTask.Worker.Dispatch;

/// <summary>Asks a factory for a task of some name and version; a factory that knows no versions is asked by name.</summary>
internal static class TaskLookup
{
    public static bool TryCreateActivity(
        IDurableTaskFactory factory, TaskScheduledEvent task, IServiceProvider services, [NotNullWhen(true)] out ITaskActivity? activity) =>
        factory is DurableTaskFactory versioned
            ? versioned.TryCreateActivity(new TaskName(task.Name!), new TaskVersion(task.Version), services, out activity)
            : factory.TryCreateActivity(new TaskName(task.Name!), services, out activity);

    public static bool TryCreateOrchestrator(
        IDurableTaskFactory factory,
        ExecutionStartedEvent start,
        IServiceProvider services,
        [NotNullWhen(true)] out ITaskOrchestrator? orchestrator) =>
        factory is DurableTaskFactory versioned
            ? versioned.TryCreateOrchestrator(new TaskName(start.Name), new TaskVersion(start.Version), services, out orchestrator)
            : factory.TryCreateOrchestrator(new TaskName(start.Name), services, out orchestrator);
}
