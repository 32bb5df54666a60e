using Microsoft.Extensions.Logging;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Timeout;

namespace Heal.Drivers.Kubernetes.Transport;

/// <summary>
/// What surrounds every call of one cluster: total budget, retries, one circuit breaker for all, deadline per try.
/// Watches use the same breaker, but bring their own retries.
/// </summary>
internal sealed class CallPipeline
{
    private static readonly ResiliencePropertyKey<ApiCall> CallKey = new("call");

    private readonly ResiliencePipeline _oneTry;
    private readonly ResiliencePipeline _retried;
    private readonly CircuitBreakerStateProvider _breaker = new();
    private readonly RetryBudget _budget;
    private readonly RequestLimiter _limiter;
    private readonly Action<ApiCall, TimeSpan> _onThrottle;

    /// <param name="onRetry">Called before each pause.</param>
    /// <param name="onThrottle">Called after a wait for the rate limit.</param>
    public CallPipeline(
        KubernetesClientOptions options,
        string cluster,
        Randomness random,
        TimeProvider time,
        ILogger logger,
        Action<FailedTry> onRetry,
        Action<ApiCall, TimeSpan> onThrottle)
    {
        _onThrottle = onThrottle;
        _budget = new RetryBudget(options.RetryBudget, options.RetriesPerCall);
        _limiter = new RequestLimiter(options.RequestsPerSecond, options.RequestBurst, options.MaxRetryDelay, time);
        _oneTry = new ResiliencePipelineBuilder { TimeProvider = time }
            .AddCircuitBreaker(Breaker(options, cluster, logger))
            .AddTimeout(options.AttemptTimeout)
            .Build();
        var retried = new ResiliencePipelineBuilder { TimeProvider = time }.AddTimeout(options.TotalTimeout);
        if (options.MaxAttempts > 1)
            retried.AddRetry(Retry(options, random, onRetry));
        _retried = retried.Build();
    }

    /// <summary>Requests per second that are allowed now.</summary>
    public double Rate => _limiter.Rate;

    /// <summary>0 closed, 1 half open, 2 open.</summary>
    public int BreakerState => _breaker.CircuitState switch
    {
        CircuitState.Closed => 0,
        CircuitState.HalfOpen => 1,
        _ => 2,
    };

    /// <summary>Runs a call until it succeeds or its tries or its time are used up.</summary>
    public Task<T> RunAsync<T>(
        ApiCall call, string resource, Func<CancellationToken, Task<T>> attempt, CancellationToken cancellationToken)
    {
        _budget.Earn();
        return ExecuteAsync(_retried, call, resource, attempt, cancellationToken);
    }

    /// <summary>Runs a call once.</summary>
    public Task<T> RunOnceAsync<T>(
        ApiCall call, string resource, Func<CancellationToken, Task<T>> attempt, CancellationToken cancellationToken) =>
        ExecuteAsync(ResiliencePipeline.Empty, call, resource, attempt, cancellationToken);

    private async Task<T> ExecuteAsync<T>(
        ResiliencePipeline pipeline,
        ApiCall call,
        string resource,
        Func<CancellationToken, Task<T>> attempt,
        CancellationToken cancellationToken)
    {
        Exception? last = null;
        var context = ResilienceContextPool.Shared.Get(cancellationToken);
        context.Properties.Set(CallKey, call);
        try
        {
            return await pipeline.ExecuteAsync(async c =>
            {
                // Outside of a try's deadline: waiting for one's turn is no failure of the server.
                if (await _limiter.WaitAsync(c.CancellationToken) is var waited && waited > TimeSpan.Zero)
                    _onThrottle(call, waited);
                return await _oneTry.ExecuteAsync(async inner => await TryOnceAsync(inner.CancellationToken), c);
            }, context);
        }
        catch (TimeoutRejectedException exception)
        {
            throw new KubernetesUnreachableException(
                UnreachableCause.TimedOut, call.Verb, resource,
                $"no success within {exception.Timeout.TotalSeconds:0.#} s" + (last is null ? "." : $"; last failure: {last.Message}"),
                last ?? exception);
        }
        catch (BrokenCircuitException exception)
        {
            throw new KubernetesUnreachableException(
                UnreachableCause.BreakerOpen, call.Verb, resource,
                "the circuit breaker is open, too many calls failed lately.", last ?? exception);
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }

        async Task<T> TryOnceAsync(CancellationToken token)
        {
            try
            {
                var result = await attempt(token);
                _limiter.Succeeded();
                return result;
            }
            catch (Exception exception) when (exception is KubernetesApiException or KubernetesUnreachableException)
            {
                last = exception;
                if (FailurePolicy.IsThrottling(exception))
                    _limiter.Throttled(((KubernetesApiException)exception).RetryAfter);
                throw;
            }
        }
    }

    private CircuitBreakerStrategyOptions Breaker(KubernetesClientOptions options, string cluster, ILogger logger) => new()
    {
        FailureRatio = options.BreakerFailureRatio,
        MinimumThroughput = options.BreakerMinimumThroughput,
        SamplingDuration = options.BreakerSamplingDuration,
        BreakDuration = options.BreakerBreakDuration,
        StateProvider = _breaker,
        ShouldHandle = arguments => new ValueTask<bool>(
            arguments.Outcome.Exception is { } failure && IsOfServer(Call(arguments.Context), failure)),
        OnOpened = arguments =>
        {
            Log.BreakerOpened(logger, cluster, arguments.BreakDuration.TotalSeconds, arguments.Outcome.Exception?.Message);
            return default;
        },
        OnHalfOpened = _ =>
        {
            Log.BreakerHalfOpened(logger, cluster);
            return default;
        },
        OnClosed = _ =>
        {
            Log.BreakerClosed(logger, cluster);
            return default;
        },
    };

    private RetryStrategyOptions Retry(KubernetesClientOptions options, Randomness random, Action<FailedTry> onRetry) => new()
    {
        MaxRetryAttempts = options.MaxAttempts - 1,
        BackoffType = DelayBackoffType.Exponential,
        UseJitter = true,
        Randomizer = random.NextDouble,
        Delay = options.RetryDelay,
        MaxDelay = options.MaxRetryDelay,
        ShouldHandle = arguments => new ValueTask<bool>(
            arguments.Outcome.Exception is { } failure
            && IsWorthAnotherTry(Call(arguments.Context), failure, options)
            // Asked after the last try too, which spends nothing then.
            && (arguments.AttemptNumber >= options.MaxAttempts - 1 || _budget.TrySpend())),
        DelayGenerator = arguments => new ValueTask<TimeSpan?>((arguments.Outcome.Exception as KubernetesApiException)?.RetryAfter),
        OnRetry = arguments =>
        {
            onRetry(new FailedTry(
                Call(arguments.Context), arguments.AttemptNumber + 1, arguments.RetryDelay, arguments.Outcome.Exception));
            return default;
        },
    };

    private static bool IsOfServer(ApiCall call, Exception failure) =>
        !call.IsProxied && (failure is TimeoutRejectedException || FailurePolicy.IsClusterFailure(failure));

    private static bool IsWorthAnotherTry(ApiCall call, Exception failure, KubernetesClientOptions options) => !call.IsProxied
        && (failure is TimeoutRejectedException
            ? call.IsIdempotent : FailurePolicy.IsWorthAnotherTry(call, failure, options.MaxRetryDelay));

    private static ApiCall Call(ResilienceContext context) => context.Properties.GetValue(CallKey, null!);
}

/// <summary>A try that failed and is followed by another after the pause.</summary>
internal sealed record FailedTry(ApiCall Call, int Number, TimeSpan Pause, Exception? Failure);
