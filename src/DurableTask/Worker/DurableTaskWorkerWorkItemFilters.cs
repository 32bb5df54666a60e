namespace Microsoft.DurableTask.Worker;

/// <summary>
/// Which work a worker receives. With all three lists empty, the default, it receives everything; otherwise only what is listed: a kind of
/// work with an empty list is left to other workers. Names and versions are compared without case.
/// </summary>
public class DurableTaskWorkerWorkItemFilters
{
    /// <summary>Orchestrations.</summary>
    public IReadOnlyList<OrchestrationFilter> Orchestrations { get; set; } = [];

    /// <summary>Activities.</summary>
    public IReadOnlyList<ActivityFilter> Activities { get; set; } = [];

    /// <summary>Entities.</summary>
    public IReadOnlyList<EntityFilter> Entities { get; set; } = [];

    internal bool IsEmpty => Orchestrations.Count == 0 && Activities.Count == 0 && Entities.Count == 0;

    internal void CopyTo(DurableTaskWorkerWorkItemFilters other)
    {
        other.Orchestrations = Orchestrations;
        other.Activities = Activities;
        other.Entities = Entities;
    }

    /// <summary>Orchestrations of one name.</summary>
    /// <param name="name">The orchestrator's name.</param>
    /// <param name="versions">The versions to receive; null or empty for all.</param>
    public struct OrchestrationFilter(string name, IReadOnlyList<string>? versions)
    {
        /// <summary>Creates a filter to be filled in.</summary>
        public OrchestrationFilter()
            : this("", null)
        {
        }

        /// <summary>The orchestrator's name.</summary>
        public string Name { get; init; } = name;

        /// <summary>The versions to receive; empty for all.</summary>
        public IReadOnlyList<string> Versions { get; init; } = versions ?? [];
    }

    /// <summary>Activities of one name.</summary>
    /// <param name="name">The activity's name.</param>
    /// <param name="versions">The versions to receive; null or empty for all.</param>
    public struct ActivityFilter(string name, IReadOnlyList<string>? versions)
    {
        /// <summary>Creates a filter to be filled in.</summary>
        public ActivityFilter()
            : this("", null)
        {
        }

        /// <summary>The activity's name.</summary>
        public string Name { get; init; } = name;

        /// <summary>The versions to receive; empty for all.</summary>
        public IReadOnlyList<string> Versions { get; init; } = versions ?? [];
    }

    /// <summary>Entities of one name.</summary>
    /// <param name="name">The entity's name.</param>
    public struct EntityFilter(string name)
    {
        /// <summary>Creates a filter to be filled in.</summary>
        public EntityFilter()
            : this("")
        {
        }

        /// <summary>The entity's name.</summary>
        public string Name { get; init; } = name;
    }
}
