using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker.Configuration;
using Microsoft.Azure.Functions.Worker.Diagnostics;
using Microsoft.Azure.Functions.Worker.Discovery;
using Microsoft.Azure.Functions.Worker.Logging;
using Microsoft.Azure.Functions.Worker.Middleware;
using Microsoft.Azure.Functions.Worker.Outputs;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Microsoft.Azure.Functions.Worker.Invocation;

/// <summary>
/// Runs one invocation: scope, context, time limit (<c>functionTimeout</c>), log scope, middleware, function, outputs.
/// Throws what the function throws; <see cref="TimeoutException"/> when the limit made it give up.
/// </summary>
internal sealed partial class FunctionInvoker(
    FunctionPipeline pipeline,
    IFunctionExecutor executor,
    InputBinder binder,
    OutputSender outputs,
    RetryLoop retries,
    IEnumerable<IBaggagePropagator> propagators,
    IServiceScopeFactory scopes,
    HostSettings settings,
    HostDrain drain,
    HostMetrics metrics,
    TimeProvider time,
    ILoggerFactory loggers)
{
    internal const string SourceName = "Microsoft.Azure.Functions.Worker";

    private static readonly ActivitySource Source = new(SourceName);

    /// <summary>Whether anybody listens to the spans of invocations.</summary>
    public static bool IsTraced => Source.HasListeners();

    private readonly InvocationIds _ids = new(time);
    private readonly ConcurrentDictionary<FunctionDescriptor, ILogger> _loggers = new();
    private readonly IBaggagePropagator? _propagator = propagators.LastOrDefault();
    private readonly FunctionExecutionDelegate _run = pipeline.Build(context => executor.ExecuteAsync(context).AsTask());

    public ValueTask<FunctionContext> InvokeAsync(InvocationRequest request, CancellationToken cancellationToken) =>
        request.Function.Retry is { } retry
            ? new(retries.RunAsync(request, retry, InvokeOnceAsync, cancellationToken))
            : InvokeOnceAsync(request, cancellationToken);

    private ValueTask<FunctionContext> InvokeOnceAsync(InvocationRequest request, CancellationToken cancellationToken) =>
        request.Services is null && request.ServicesOf is null
            ? InvokeInScopeAsync(request, cancellationToken)
            : InvokeAsync(request, request.Services, cancellationToken);

    private async ValueTask<FunctionContext> InvokeInScopeAsync(InvocationRequest request, CancellationToken cancellationToken)
    {
        AsyncServiceScope scope = scopes.CreateAsyncScope();
        Task running = Task.CompletedTask;
        try
        {
            return await InvokeAsync(request, scope.ServiceProvider, cancellationToken);
        }
        catch (FunctionTimeoutException timeout)
        {
            running = timeout.StillRunning;
            throw;
        }
        finally
        {
            if (running.IsCompleted)
            {
                await scope.DisposeAsync();
            }
            else
            {
                _ = AbandonedFunction.DisposeAfterAsync(running, scope, loggers);
            }
        }
    }

    private async ValueTask<FunctionContext> InvokeAsync(InvocationRequest request, IServiceProvider? services,
        CancellationToken cancellationToken)
    {
        string name = request.Function.Name;
        ILogger logger = _loggers.GetOrAdd(request.Function, static (f, loggers) => loggers.CreateLogger(f.LogCategory), loggers);
        string invocationId = _ids.Next();
        string correlationId = request.CorrelationId ?? invocationId;
        using Activity? activity = StartSpan(request, invocationId);
        using var end = new InvocationEnd(settings.FunctionTimeout, time, cancellationToken, drain.InvocationsMustEnd);
        var context = new DefaultFunctionContext(request, invocationId, services, end, binder);
        using IDisposable? scope = logger.BeginScope(new InvocationScope(name, invocationId, correlationId));
        using IDisposable? baggage = _propagator?.SetBaggage(context.TraceContext.Baggage);
        string outcome = Outcome.Failed;
        TimeSpan? took = null;
        drain.Enter();
        metrics.Started(request.Function);
        Log.Started(logger, name, invocationId, correlationId);
        try
        {
            await AbandonedFunction.WaitAsync(_run(context), settings.FunctionTimeout, end, time);
            await outputs.SendAsync(request.Function, context);
            outcome = Outcome.Succeeded;
            took = end.Elapsed;
            SucceededEntry.Write(logger, name, took.Value.TotalMilliseconds, invocationId, correlationId);
            return context;
        }
        catch (Exception exception) when (exception is CallerInputException or BadHttpRequestException)
        {
            outcome = Outcome.Refused;
            Log.Refused(logger, name, exception.Message, invocationId, correlationId);
            throw;
        }
        catch (OperationCanceledException exception) when (cancellationToken.IsCancellationRequested)
        {
            outcome = Outcome.Cancelled;
            string how = $"{exception.GetType().Name}: {exception.Message}";
            Log.Cancelled(logger, name, end.Elapsed.TotalMilliseconds, how, invocationId, correlationId);
            throw;
        }
        catch (OperationCanceledException exception) when (drain.HasCutShort(exception) && !end.IsTimedOut)
        {
            outcome = Outcome.Cancelled;
            Log.CutShort(logger, name, end.Elapsed.TotalMilliseconds, exception.Message, invocationId, correlationId);
            throw;
        }
        catch (FunctionTimeoutException exception)
        {
            activity?.SetStatus(ActivityStatusCode.Error, nameof(FunctionTimeoutException));
            outcome = Outcome.TimedOut;
            AbandonedFunction.Report(exception, logger, name, settings.FunctionTimeout, end, invocationId);
            throw;
        }
        catch (Exception exception)
        {
            activity?.SetStatus(ActivityStatusCode.Error, exception.GetType().Name);
            Log.Failed(logger, exception, name, end.Elapsed.TotalMilliseconds, invocationId, correlationId);
            if (exception is OperationCanceledException && end.IsTimedOut)
            {
                outcome = Outcome.TimedOut;
                throw new FunctionTimeoutException(
                    $"Function '{name}' was cancelled after the functionTimeout of host.json, {settings.FunctionTimeout}.", exception);
            }

            throw;
        }
        finally
        {
            drain.Leave();
            metrics.Ended(request.Function, outcome, took ?? end.Elapsed);
        }
    }

    private static Activity? StartSpan(InvocationRequest request, string invocationId)
    {
        ActivityKind kind = request.Function.Trigger is QueueTriggerAttribute ? ActivityKind.Consumer : ActivityKind.Internal;
        Activity? span = Source.StartActivity(request.Function.Name, kind, request.Parent);
        return span?.SetTag("faas.name", request.Function.Name)
            .SetTag("faas.trigger", request.Function.TriggerType)
            .SetTag("faas.invocation_id", invocationId);
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Debug, "Function {Function} started (invocation {InvocationId}, correlation {CorrelationId})")]
        public static partial void Started(ILogger logger, string function, string invocationId, string correlationId);

        [LoggerMessage(3, LogLevel.Error,
            "Function {Function} failed after {Milliseconds:0} ms (invocation {InvocationId}, correlation {CorrelationId})")]
        public static partial void Failed(
            ILogger logger, Exception exception, string function, double milliseconds, string invocationId, string correlationId);

        [LoggerMessage(4, LogLevel.Warning,
            "Function {Function} refused its input (invocation {InvocationId}, correlation {CorrelationId}): {Reason}")]
        public static partial void Refused(ILogger logger, string function, string reason, string invocationId, string correlationId);

        [LoggerMessage(8, LogLevel.Warning, "Function {Function} was cut short after {Milliseconds:0} ms, because this host stops "
            + "({Reason} Invocation {InvocationId}, correlation {CorrelationId})")]
        public static partial void CutShort(
            ILogger logger, string function, double milliseconds, string reason, string invocationId, string correlationId);

        [LoggerMessage(5, LogLevel.Information, "Function {Function} was cancelled after {Milliseconds:0} ms: its caller does not wait "
            + "any more ({How}; invocation {InvocationId}, correlation {CorrelationId})")]
        public static partial void Cancelled(ILogger logger, string function, double milliseconds, string how, string invocationId,
            string correlationId);
    }
}
