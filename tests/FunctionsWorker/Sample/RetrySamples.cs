using Microsoft.Azure.Functions.Worker;

namespace Heal.FunctionsWorker.Tests.Sample;

public sealed class RetrySamples(Journal journal)
{
    [Function("TickAgain")]
    [FixedDelayRetry(2, "00:00:30")]
    public Task TickAgainAsync([TimerTrigger("%TICK%")] TimerInfo timer, FunctionContext context) => AttemptAsync(timer, context);

    [Function("TickOnAndOn")]
    [ExponentialBackoffRetry(-1, "00:00:11", "00:00:31")]
    public Task TickOnAndOnAsync([TimerTrigger("%TICK%")] TimerInfo timer, FunctionContext context) => AttemptAsync(timer, context);

    private async Task AttemptAsync(TimerInfo timer, FunctionContext context)
    {
        journal.Write($"attempt {context.RetryContext.RetryCount} of {context.RetryContext.MaxRetryCount} late={timer.IsPastDue}");
        if (journal.Hold)
        {
            await journal.GoOn.WaitAsync(CancellationToken.None);
        }

        if (journal.Fail)
        {
            throw new InvalidOperationException("told to fail");
        }
    }
}
