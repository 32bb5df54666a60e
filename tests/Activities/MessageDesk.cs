using System.Collections.Concurrent;

namespace Heal.Activities.Tests;

/// <summary>Where messages to people go.</summary>
internal sealed class MessageDesk : IMessenger
{
    public ConcurrentQueue<Message> Told { get; } = new();

    /// <summary>What it says instead of taking a message; null: it takes them.</summary>
    public MessageException? Refuses { get; set; }

    /// <summary>What happens while it takes one.</summary>
    public Func<Task>? OnTold { get; set; }

    /// <summary>How often it was asked to take one.</summary>
    public int Asked { get; private set; }

    public string? Missing(bool ticket) => null;

    public string? Receipt(string key, bool resolves) => null;

    public Task SendAsync(Message message, CancellationToken cancellationToken)
    {
        Asked++;
        if (Refuses is { } refusal) return Task.FromException(refusal);
        Told.Enqueue(message);
        return OnTold?.Invoke() ?? Task.CompletedTask;
    }
}
