using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Http;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace FanOut;

/// <summary>What was counted: all words, and those of each text in the order of the texts.</summary>
public sealed record WordCount(int Total, IReadOnlyList<int> PerText);

/// <summary>One activity per text, all at the same time; when the last has ended, their results are added up.</summary>
public static class CountWords
{
    [Function(nameof(CountWords))]
    public static async Task<WordCount> RunAsync([OrchestrationTrigger] TaskOrchestrationContext context, string[] texts)
    {
        int[] counts = await Task.WhenAll(texts.Select(text => context.CallActivityAsync<int>(nameof(CountWordsOf), text)));
        return new WordCount(counts.Sum(), counts);
    }

    [Function(nameof(CountWordsOf))]
    public static int CountWordsOf([ActivityTrigger] string text) =>
        text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length;

    /// <summary>Waits up to ten seconds for the result; whoever counts longer gets the addresses to ask at.</summary>
    [Function("CountWords_HttpStart")]
    public static async Task<HttpResponseData> StartAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "count-words")] HttpRequestData request,
        [DurableClient] DurableTaskClient client,
        CancellationToken cancellation)
    {
        string[] texts = await request.ReadFromJsonAsync<string[]>(cancellation) ?? [];
        string instanceId = await client.ScheduleNewOrchestrationInstanceAsync(nameof(CountWords), texts, cancellation);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(TimeSpan.FromSeconds(10));
        return await client.WaitForCompletionOrCreateCheckStatusResponseAsync(
            request, instanceId, getInputsAndOutputs: true, cancellation: patience.Token);
    }
}
