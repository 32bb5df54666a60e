using System.Collections.Frozen;
using Microsoft.Azure.Functions.Worker.Discovery;
using Microsoft.Azure.Functions.Worker.Hosting;
using Microsoft.Azure.Functions.Worker.Invocation;
using Microsoft.Azure.Functions.Worker.Middleware;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Worker;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.Azure.Functions.Worker;

/// <summary>
/// The application's middleware around orchestrators: once for each turn, as the isolated worker has it, with a context and a scope of the
/// turn. The orchestrator's own context shares the <c>Items</c> that a middleware has set when the orchestrator's code begins.
/// </summary>
internal sealed class OrchestrationMiddleware : IOrchestrationTurnMiddleware
{
    private static readonly AsyncLocal<FunctionContext?> TurnNow = new();

    private readonly FrozenDictionary<string, FunctionDescriptor> _functions;
    private readonly IServiceScopeFactory _scopes;
    private readonly FunctionExecutionDelegate? _run;
    private readonly InvocationIds _ids;

    public OrchestrationMiddleware(HostPlan plan, FunctionPipeline pipeline, IServiceScopeFactory scopes, TimeProvider time)
    {
        _scopes = scopes;
        _ids = new(time);
        _run = pipeline.IsEmpty ? null : pipeline.Build(static context =>
        {
            Turn turn = context.Features.Get<Turn>()!;
            TurnNow.Value = context;
            turn.Play();
            turn.IsPlayed = true;
            return Task.CompletedTask;
        });
        _functions = plan.Enabled
            .Where(static f => f.Trigger is OrchestrationTriggerAttribute)
            .ToFrozenDictionary(DurableFunctions.TaskNameOf, StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>The context of the turn that runs here; null without middleware.</summary>
    public static FunctionContext? Current => TurnNow.Value;

    /// <exception cref="InvalidOperationException">A middleware did not call the next one.</exception>
    public async Task InvokeAsync(TaskName orchestrator, string instanceId, Action turn)
    {
        if (_run is null || !_functions.TryGetValue(orchestrator.Name, out FunctionDescriptor? function))
        {
            turn();
            return;
        }

        await using AsyncServiceScope scope = _scopes.CreateAsyncScope();
        var bindings = new Dictionary<string, object?>(StringComparer.OrdinalIgnoreCase) { ["instanceId"] = instanceId };
        var context = new DefaultFunctionContext(
            function, _ids.Next(), new TriggerBindingContext(bindings), AttemptContext.First, scope.ServiceProvider, end: null);
        var played = new Turn(turn);
        context.Features.Set(played);
        await _run(context);
        if (!played.IsPlayed)
        {
            throw new InvalidOperationException($"Orchestrator '{function.Name}': a middleware did not call next. An orchestration cannot "
                + "be answered in its place; let the middleware pass orchestrators on.");
        }
    }

    private sealed class Turn(Action play)
    {
        public bool IsPlayed { get; set; }

        public void Play() => play();
    }
}
