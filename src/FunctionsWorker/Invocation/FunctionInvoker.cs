using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker.Configuration;
using Microsoft.Azure.Functions.Worker.Middleware;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Microsoft.Azure.Functions.Worker.Invocation;

/// <summary>
/// Runs one invocation: scope, context, time limit (<c>functionTimeout</c>), log scope, middleware, function.
/// Throws what the function throws; <see cref="TimeoutException"/> when the limit made it give up.
/// </summary>
internal sealed partial class FunctionInvoker(
    FunctionPipeline pipeline,
    FunctionExecutor executor,
    IServiceScopeFactory scopes,
    HostSettings settings,
    HostDrain drain,
    TimeProvider time,
    ILogger<FunctionInvoker> logger)
{
    internal const string SourceName = "Microsoft.Azure.Functions.Worker";

    private static readonly ActivitySource Source = new(SourceName);

    private readonly FunctionExecutionDelegate _run = pipeline.Build(executor.ExecuteAsync);

    public async Task<FunctionContext> InvokeAsync(InvocationRequest request, CancellationToken cancellationToken)
    {
        AsyncServiceScope? own = request.Services is null ? scopes.CreateAsyncScope() : null;
        try
        {
            return await InvokeAsync(request, request.Services ?? own!.Value.ServiceProvider, cancellationToken);
        }
        finally
        {
            if (own is { } scope)
            {
                await scope.DisposeAsync();
            }
        }
    }

    private async Task<FunctionContext> InvokeAsync(InvocationRequest request, IServiceProvider services,
        CancellationToken cancellationToken)
    {
        string name = request.Function.Name;
        string invocationId = Guid.CreateVersion7(time.GetUtcNow()).ToString();
        string correlationId = request.CorrelationId ?? invocationId;
        using Activity? activity = Source.StartActivity(name);
        using var limit = new CancellationTokenSource(settings.FunctionTimeout ?? Timeout.InfiniteTimeSpan, time);
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token, drain.InvocationsMustEnd);
        var context = new DefaultFunctionContext(
            request.Function, invocationId, new TriggerBindingContext(request.BindingData), request.Retry, services, ends.Token);
        context.Features.Set(new TriggerPayload(request.Payload));
        request.Prepare?.Invoke(context);

        using IDisposable? scope = logger.BeginScope(new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["FunctionName"] = name,
            ["InvocationId"] = invocationId,
            ["CorrelationId"] = correlationId,
        });
        using IDisposable running = drain.Enter();
        long started = time.GetTimestamp();
        Log.Started(logger, name, invocationId, correlationId);
        try
        {
            await _run(context);
            Log.Succeeded(logger, name, time.GetElapsedTime(started).TotalMilliseconds, invocationId, correlationId);
            return context;
        }
        catch (Exception exception) when (exception is CallerInputException or BadHttpRequestException)
        {
            Log.Refused(logger, name, exception.Message, invocationId, correlationId);
            throw;
        }
        catch (Exception exception)
        {
            activity?.SetStatus(ActivityStatusCode.Error, exception.GetType().Name);
            Log.Failed(logger, exception, name, time.GetElapsedTime(started).TotalMilliseconds, invocationId, correlationId);
            if (exception is OperationCanceledException && limit.IsCancellationRequested)
            {
                throw new TimeoutException(
                    $"Function '{name}' was cancelled after the functionTimeout of host.json, {settings.FunctionTimeout}.", exception);
            }

            throw;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Debug, "Function {Function} started (invocation {InvocationId}, correlation {CorrelationId})")]
        public static partial void Started(ILogger logger, string function, string invocationId, string correlationId);

        [LoggerMessage(2, LogLevel.Information,
            "Function {Function} succeeded in {Milliseconds:0} ms (invocation {InvocationId}, correlation {CorrelationId})")]
        public static partial void Succeeded(ILogger logger, string function, double milliseconds, string invocationId,
            string correlationId);

        [LoggerMessage(3, LogLevel.Error,
            "Function {Function} failed after {Milliseconds:0} ms (invocation {InvocationId}, correlation {CorrelationId})")]
        public static partial void Failed(
            ILogger logger, Exception exception, string function, double milliseconds, string invocationId, string correlationId);

        [LoggerMessage(4, LogLevel.Warning,
            "Function {Function} refused its input (invocation {InvocationId}, correlation {CorrelationId}): {Reason}")]
        public static partial void Refused(ILogger logger, string function, string reason, string invocationId, string correlationId);
    }
}
