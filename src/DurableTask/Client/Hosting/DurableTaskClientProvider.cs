using Microsoft.Extensions.Options;

namespace Microsoft.DurableTask.Client;

/// <summary>Finds the client among all that are registered. Case matters in names, as it does in those of options.</summary>
internal sealed class DurableTaskClientProvider(IEnumerable<RegisteredClient> clients) : IDurableTaskClientProvider
{
    private readonly IReadOnlyList<RegisteredClient> _clients = [.. clients];

    public DurableTaskClient GetClient(string? name = null)
    {
        var wanted = name ?? Options.DefaultName;
        return _clients.FirstOrDefault(client => string.Equals(client.Name, wanted, StringComparison.Ordinal))?.Client
            ?? throw new ArgumentOutOfRangeException(
                nameof(name),
                name,
                $"There is no durable task client '{wanted}': expected one of '{string.Join("', '", _clients.Select(c => c.Name))}'.");
    }
}

/// <summary>A client and its name; created when first asked for, disposed with the container.</summary>
internal sealed class RegisteredClient(string name, Func<DurableTaskClient> build) : IAsyncDisposable, IDisposable
{
    private readonly Lazy<DurableTaskClient> _client = new(build);

    public string Name { get; } = name;

    public DurableTaskClient Client => _client.Value;

    public ValueTask DisposeAsync() => _client.IsValueCreated ? _client.Value.DisposeAsync() : ValueTask.CompletedTask;

    // A container that is disposed synchronously throws for services that can only be disposed asynchronously.
    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();
}
