using DurableTask.Core.Entities;
using DurableTask.Core.Entities.OperationFormat;
using Microsoft.DurableTask.Entities;
using Microsoft.DurableTask.Worker.Orchestrations;

namespace Microsoft.DurableTask.Worker.Shims;

/// <summary>Runs batches of operations of one entity on stored texts.</summary>
internal sealed class EntityShim(ITaskEntity entity, EntityInstanceId id, DataConverter converter) : TaskEntity
{
    public override async Task<EntityBatchResult> ExecuteOperationBatchAsync(EntityBatchRequest operations)
    {
        ArgumentNullException.ThrowIfNull(operations);
        var results = new List<OperationResult>();
        var actions = new List<OperationAction>();
        string? state = operations.EntityState;
        foreach (OperationRequest request in operations.Operations ?? [])
        {
            var context = new Context(id, converter);
            var current = new State(state, converter);
            try
            {
                object? result = await entity.RunAsync(new Operation(request, context, current, converter));
                results.Add(new OperationResult { Result = converter.Serialize(result) });
                actions.AddRange(context.Actions);
                state = current.Text;
            }
            catch (Exception thrown)
            {
                // The caller of the operation decides what a failure means; its state and what it sent are dropped.
                results.Add(new OperationResult { FailureDetails = Failures.From(thrown, properties: null) });
            }
        }

        return new EntityBatchResult { Results = results, Actions = actions, EntityState = state };
    }

    private sealed class State(string? text, DataConverter converter) : TaskEntityState
    {
        public string? Text { get; private set; } = text;
        public override bool HasState => Text is not null;

        public override object? GetState(Type type) => converter.Deserialize(Text, type);

        public override void SetState(object? state) => Text = converter.Serialize(state);
    }

    private sealed class Operation(OperationRequest request, TaskEntityContext context, TaskEntityState state, DataConverter converter)
        : TaskEntityOperation
    {
        public override string Name => request.Operation ?? "";
        public override TaskEntityContext Context => context;
        public override TaskEntityState State => state;
        public override bool HasInput => request.Input is not null;

        public override object? GetInput(Type inputType) => converter.Deserialize(request.Input, inputType);
    }

    private sealed class Context(EntityInstanceId id, DataConverter converter) : TaskEntityContext
    {
        public List<OperationAction> Actions { get; } = [];
        public override EntityInstanceId Id => id;

        public override void SignalEntity(
            EntityInstanceId id, string operationName, object? input = null, SignalEntityOptions? options = null) =>
            Actions.Add(new SendSignalOperationAction
            {
                InstanceId = id.ToString(),
                Name = operationName,
                Input = converter.Serialize(input),
                ScheduledTime = options?.SignalTime?.UtcDateTime,
            });

        public override string ScheduleNewOrchestration(TaskName name, object? input = null, StartOrchestrationOptions? options = null)
        {
            string instanceId = options?.InstanceId ?? Guid.NewGuid().ToString("N");
            Actions.Add(new StartNewOrchestrationOperationAction
            {
                InstanceId = instanceId,
                Name = name.Name,
                Version = options?.Version?.Version,
                Input = converter.Serialize(input),
                ScheduledStartTime = options?.StartAt?.UtcDateTime,
                Tags = options?.Tags is { Count: > 0 } tags ? new Dictionary<string, string>(tags, StringComparer.Ordinal) : null,
            });
            return instanceId;
        }
    }
}
