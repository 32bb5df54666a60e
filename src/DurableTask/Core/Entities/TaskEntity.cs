using DurableTask.Core.Entities.OperationFormat;

namespace DurableTask.Core.Entities;

/// <summary>An entity on the level of stored texts: does the operations of a batch, one after the other.</summary>
public abstract class TaskEntity
{
    /// <summary>Does a batch. An operation that fails keeps neither its state nor what it sent; the others do.</summary>
    public abstract Task<EntityBatchResult> ExecuteOperationBatchAsync(EntityBatchRequest operations);
}
