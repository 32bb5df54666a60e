namespace Microsoft.DurableTask.Client;

/// <summary>Hands out the container's clients by name.</summary>
public interface IDurableTaskClientProvider
{
    /// <summary>The client of this name; null for the default.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is none.</exception>
    DurableTaskClient GetClient(string? name = null);
}
