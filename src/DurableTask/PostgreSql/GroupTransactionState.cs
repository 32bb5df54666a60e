namespace Microsoft.DurableTask.PostgreSql;

/// <summary>How far a transaction came, for whoever has to tell "not stored" from "nobody knows" when it fails.</summary>
internal sealed class GroupTransactionState
{
    /// <summary>True from the moment that the commit may have reached the server.</summary>
    public bool IsSent { get; set; }

    /// <summary>True when it failed in a way that leaves open whether it was stored.</summary>
    public bool IsUnknown { get; set; }

    /// <summary>True when an instance has messages that its turn did not consume, or a timer that may be the next to come due.</summary>
    public bool NeedsLook { get; set; }
}
