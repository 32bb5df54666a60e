namespace Heal.Functions.Machines;

/// <summary>What was last told of the watch of one host. Outlives the watches that follow each other, so that each change is told once,
/// however often it is tried.</summary>
internal sealed class HostWatchState
{
    private string? _fault;

    /// <summary>Whether libvirt answered.</summary>
    public bool IsReachable { get; set; }

    /// <summary>The watch ended by a fault.</summary>
    /// <returns>False when it ended by the same one before, and has heard nothing since.</returns>
    public bool IsNews(Exception fault) => Interlocked.Exchange(ref _fault, fault.Message) != fault.Message;

    /// <summary>The host is heard.</summary>
    /// <returns>Whether the watch had ended by a fault before.</returns>
    public bool IsBack() => Interlocked.Exchange(ref _fault, null) is not null;
}
