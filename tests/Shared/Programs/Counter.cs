using Microsoft.DurableTask.Entities;

namespace Heal.Shared.Tests.Programs;

/// <summary>An entity that counts: what is done twice, or lost, shows in its state.</summary>
internal sealed class Counter : TaskEntity<long>
{
    public const string EntityName = "counter";

    /// <summary>One of an instance's own, for a node of its program.</summary>
    public static EntityInstanceId Of(string instanceId, Node node) => new(EntityName, $"{instanceId}.{node.Id}");

    public long Set(long to) => State = to;

    public long Add(long by) => State += by;
}
