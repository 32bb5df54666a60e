using Heal.Activities;

namespace Heal.Functions.Tests;

/// <summary>One lease, in memory. It ends when it is given back, or given to somebody else, and not by itself.</summary>
internal sealed class MemoryLease : IWatchLease
{
    private readonly Lock _gate = new();
    private string? _holder;
    private int _asked;

    /// <summary>Every question fails.</summary>
    public bool IsAway { get; set; }

    public int Asked => Volatile.Read(ref _asked);

    /// <param name="holder">Null: it is free.</param>
    public void GiveTo(string? holder)
    {
        lock (_gate)
        {
            _holder = holder;
        }
    }

    public Task<bool> TakeAsync(string watch, string holder, TimeSpan length, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            _asked++;
            if (IsAway)
            {
                throw new IOException("the store is away");
            }

            _holder ??= holder;
            return Task.FromResult(_holder == holder);
        }
    }

    public Task GiveBackAsync(string watch, string holder, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            _holder = _holder == holder ? null : _holder;
        }

        return Task.CompletedTask;
    }
}
