using DurableTask.Core;
using Microsoft.DurableTask.Worker.Orchestrations;
using Microsoft.Extensions.Logging;

namespace Microsoft.DurableTask.Worker.Shims;

/// <summary>What an orchestration shim is made with.</summary>
internal sealed record OrchestrationShimSettings(
    TaskName Name,
    ParentOrchestrationInstance? Parent,
    IReadOnlyDictionary<string, object?> Properties,
    DurableTaskWorkerOptions Options,
    ILoggerFactory Loggers);

/// <summary>Runs one execution of an orchestrator against a context of DurableTask.Core.</summary>
internal sealed class OrchestrationShim(OrchestrationShimSettings settings, ITaskOrchestrator orchestrator) : TaskOrchestration
{
    private readonly ExternalEvents _events = new();
    private ShimOrchestrationContext? _context;

    public override async Task<string?> Execute(global::DurableTask.Core.OrchestrationContext context, string? input)
    {
        ArgumentNullException.ThrowIfNull(context);
        DataConverter converter = settings.Options.DataConverter;
        context.MessageDataConverter = new ShimConverter(converter);
        object? value = converter.Deserialize(input, orchestrator.InputType);
        _context = new ShimOrchestrationContext(settings, context, _events, value);
        try
        {
            object? output = await orchestrator.RunAsync(_context, value);
            _context.HandOnEvents();
            return converter.Serialize(output);
        }
        catch (TaskFailedException failed)
        {
            // In the words of DurableTask.Core, so that the failed task's own failure is not lost.
            throw new global::DurableTask.Core.Exceptions.TaskFailedException(failed.Message, failed.InnerException)
            {
                FailureDetails = Failures.From(failed, properties: null),
            };
        }
    }

    public override void RaiseEvent(global::DurableTask.Core.OrchestrationContext context, string name, string? input) =>
        _events.Raise(name, input);

    public override string? GetStatus() => _context?.CustomStatus;
}
