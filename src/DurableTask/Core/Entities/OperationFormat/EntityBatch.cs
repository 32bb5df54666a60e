namespace DurableTask.Core.Entities.OperationFormat;

/// <summary>Operations for one entity.</summary>
public class EntityBatchRequest
{
    /// <summary>The entity's id, <c>@name@key</c>.</summary>
    public string? InstanceId { get; set; }

    /// <summary>The state before the batch, as JSON; null for none.</summary>
    public string? EntityState { get; set; }

    public List<OperationRequest>? Operations { get; set; }
}

/// <summary>One operation.</summary>
public class OperationRequest
{
    public string? Operation { get; set; }
    public Guid Id { get; set; }

    /// <summary>The input, as JSON; null for none.</summary>
    public string? Input { get; set; }
}

/// <summary>What a batch came to.</summary>
public class EntityBatchResult
{
    /// <summary>One result for each operation, in order.</summary>
    public List<OperationResult>? Results { get; set; }

    /// <summary>What the operations that succeeded sent and started, in order.</summary>
    public List<OperationAction>? Actions { get; set; }

    /// <summary>The state after the batch, as JSON; null for none.</summary>
    public string? EntityState { get; set; }

    /// <summary>Set when the batch could not be run at all.</summary>
    public FailureDetails? FailureDetails { get; set; }
}

/// <summary>What one operation came to.</summary>
public class OperationResult
{
    /// <summary>The result, as JSON; null for none.</summary>
    public string? Result { get; set; }

    /// <summary>Why it failed; null when it did not.</summary>
    public FailureDetails? FailureDetails { get; set; }
}

/// <summary>The kinds of what an operation may do to others.</summary>
public enum OperationActionType
{
    SendSignal = 0,
    StartNewOrchestration = 1,
}

/// <summary>Something that an operation does to others, after the batch was stored.</summary>
public abstract class OperationAction
{
    public abstract OperationActionType OperationActionType { get; }
}

/// <summary>Signal an entity.</summary>
public class SendSignalOperationAction : OperationAction
{
    public override OperationActionType OperationActionType => OperationActionType.SendSignal;

    /// <summary>The id of the entity to signal.</summary>
    public string? InstanceId { get; set; }

    /// <summary>The operation's name.</summary>
    public string? Name { get; set; }
    public string? Input { get; set; }

    /// <summary>When to deliver it, in UTC; null for at once.</summary>
    public DateTime? ScheduledTime { get; set; }
}

/// <summary>Start an orchestration.</summary>
public class StartNewOrchestrationOperationAction : OperationAction
{
    public override OperationActionType OperationActionType => OperationActionType.StartNewOrchestration;
    public string? InstanceId { get; set; }
    public string? Name { get; set; }
    public string? Version { get; set; }
    public string? Input { get; set; }

    /// <summary>When to start it, in UTC; null for at once.</summary>
    public DateTime? ScheduledStartTime { get; set; }
    public IDictionary<string, string>? Tags { get; set; }
}
