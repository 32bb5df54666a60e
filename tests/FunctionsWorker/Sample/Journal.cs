using System.Collections.Concurrent;

namespace Heal.FunctionsWorker.Tests.Sample;

/// <summary>What the sample functions did, and how a test lets them go on.</summary>
public sealed class Journal
{
    private readonly ConcurrentQueue<string> _entries = new();
    private readonly SemaphoreSlim _written = new(0);

    public IReadOnlyCollection<string> Entries => [.. _entries];

    /// <summary>A sample function that holds waits for one release of this.</summary>
    public SemaphoreSlim GoOn { get; } = new(0);

    /// <summary>Set to make the timer and queue functions fail.</summary>
    public bool Fail { get; set; }

    public bool Hold { get; set; }

    /// <summary>Also prints each entry as a line of JSON: a process of its own has no other way to tell.</summary>
    public bool Prints { get; init; }

    public void Write(string entry)
    {
        if (Prints)
        {
            Console.WriteLine($$"""{"journal":"{{entry}}"}""");
        }

        _entries.Enqueue(entry);
        _written.Release();
    }

    /// <summary>Waits for the next entry that nobody waited for yet.</summary>
    public async Task NextAsync()
    {
        if (!await _written.WaitAsync(TimeSpan.FromSeconds(30)))
        {
            throw new TimeoutException("No entry within 30 s; so far: " + string.Join(", ", _entries));
        }
    }
}

public sealed class ScopedCounter
{
    public int Count { get; set; }
}
