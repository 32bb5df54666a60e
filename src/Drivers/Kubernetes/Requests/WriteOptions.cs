namespace Heal.Drivers.Kubernetes;

/// <summary>How to write.</summary>
public record WriteOptions
{
    /// <summary>The server validates and answers as if, but stores nothing. Default false.</summary>
    public bool DryRun { get; init; }

    /// <summary>Under which name the server notes the changed fields; null: the server derives one from the user agent.</summary>
    public string? FieldManager { get; init; }

    /// <summary>
    /// Writes a subresource instead, e.g. "status", or with create "eviction" and "binding" of the object that the body names. The body's
    /// own apiVersion and kind are kept then. Null: the object itself.
    /// </summary>
    public string? Subresource { get; init; }
}

/// <summary>How to apply (server-side).</summary>
public sealed record ApplyOptions
{
    /// <summary>Under which name we own the applied fields.</summary>
    public required string FieldManager { get; init; }

    /// <summary>Applies to a subresource instead, e.g. "status"; null: the object itself.</summary>
    public string? Subresource { get; init; }

    /// <summary>Take fields over from their owners instead of failing with a conflict. Default false.</summary>
    public bool Force { get; init; }

    /// <summary>The server validates and answers as if, but stores nothing. Default false.</summary>
    public bool DryRun { get; init; }
}

/// <summary>How to delete.</summary>
public sealed record DeleteOptions
{
    /// <summary>Only the object with this uid; null: whichever has the name.</summary>
    public string? Uid { get; init; }

    /// <summary>Only in this version; null: whatever it is.</summary>
    public string? ResourceVersion { get; init; }

    /// <summary>Seconds that the containers get to end; null: the object's own; 0: a forced delete, which fences nothing.</summary>
    public int? GracePeriodSeconds { get; init; }

    /// <summary>What becomes of the objects that it owns. Default: in the background.</summary>
    public DeletePropagation Propagation { get; init; } = DeletePropagation.Background;

    /// <summary>The server validates and answers as if, but deletes nothing. Default false.</summary>
    public bool DryRun { get; init; }
}

/// <summary>What becomes of the objects that a deleted object owns.</summary>
public enum DeletePropagation
{
    /// <summary>They are deleted after their owner.</summary>
    Background,

    /// <summary>They are deleted before their owner disappears.</summary>
    Foreground,

    /// <summary>They stay, without an owner.</summary>
    Orphan,
}
