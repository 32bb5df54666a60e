using Microsoft.Azure.Functions.Worker;

namespace Heal.FunctionsWorker.Tests.Sample;

public sealed class RetrySamples(Journal journal)
{
    [Function("TickAgain")]
    [FixedDelayRetry(2, "00:00:30")]
    public void TickAgain([TimerTrigger("%TICK%")] TimerInfo timer, FunctionContext context) => Attempt(timer, context);

    [Function("TickOnAndOn")]
    [ExponentialBackoffRetry(-1, "00:00:11", "00:00:31")]
    public void TickOnAndOn([TimerTrigger("%TICK%")] TimerInfo timer, FunctionContext context) => Attempt(timer, context);

    private void Attempt(TimerInfo timer, FunctionContext context)
    {
        journal.Write($"attempt {context.RetryContext.RetryCount} of {context.RetryContext.MaxRetryCount} late={timer.IsPastDue}");
        if (journal.Fail)
        {
            throw new InvalidOperationException("told to fail");
        }
    }
}
