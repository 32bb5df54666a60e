using Azure.Storage.Queues;

namespace Heal.FunctionsWorker.Tests.Support;

/// <summary>The queue service of the tests: a connection string in HEAL_TEST_AZURITE. Absent means failure, not a skipped test.</summary>
internal static class Azurite
{
    public static string ConnectionString => Environment.GetEnvironmentVariable("HEAL_TEST_AZURITE")
        ?? throw new InvalidOperationException("HEAL_TEST_AZURITE is not set. Run ./test.sh, or eng/services.sh up.");

    public static string NewName() => $"test-{Guid.NewGuid():N}";

    public static QueueClient Queue(string name) => new(ConnectionString, name);

    public static async Task SendAsync(QueueClient queue, string body)
    {
        await queue.CreateIfNotExistsAsync();
        await queue.SendMessageAsync(Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(body)));
    }

    /// <summary>Asks until it holds; the service has no way to tell us.</summary>
    public static async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!await condition())
        {
            if (limit.IsCancellationRequested)
            {
                throw new TimeoutException($"Not within 30 s: {what}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100));
        }
    }
}
