using Microsoft.DurableTask.Worker;

namespace Heal.DurableTask.Engine.Tests;

/// <summary>An orchestration filter that asks the test.</summary>
/// <param name="passes">What becomes of the n-th question, from 1 on.</param>
internal sealed class Filter(Func<int, bool> passes) : IOrchestrationFilter
{
    private int _asked;

    public ValueTask<bool> IsOrchestrationValidAsync(OrchestrationFilterParameters info, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult(passes(Interlocked.Increment(ref _asked)));
}
