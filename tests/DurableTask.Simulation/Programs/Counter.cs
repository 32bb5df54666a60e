using Microsoft.DurableTask.Entities;

namespace Heal.DurableTask.Simulation.Tests.Programs;

/// <summary>An entity that counts: what is done twice, or lost, shows in its state.</summary>
internal sealed class Counter : TaskEntity<long>
{
    public const string EntityName = "counter";

    /// <summary>The one that all critical sections share.</summary>
    public static EntityInstanceId Shared { get; } = new(EntityName, "shared");

    public long Set(long to) => State = to;

    public long Add(long by) => State += by;
}
