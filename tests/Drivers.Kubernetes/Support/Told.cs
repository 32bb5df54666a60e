using Heal.Drivers.Kubernetes.Models;

namespace Heal.Drivers.Kubernetes.Tests.Support;

/// <summary>What a watch tells, as text.</summary>
internal static class Told
{
    /// <param name="onEach">Called after each change, with how many have come.</param>
    public static async Task<string> ByAsync(IAsyncEnumerable<WatchEvent<Pod>> changes, int count, Action<int>? onEach = null)
    {
        var told = new List<string>();
        await foreach (var change in changes)
        {
            told.Add(change.Type == WatchEventType.Bookmark
                ? $"Bookmark @{change.ResourceVersion}"
                : $"{change.Type} {change.Object.Metadata.Name}@{change.Object.Metadata.ResourceVersion}");
            onEach?.Invoke(told.Count);
            if (told.Count == count)
                break;
        }

        return string.Join(", ", told);
    }
}
