using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;
using Microsoft.DurableTask.Entities;

namespace Microsoft.DurableTask.Client.Entities;

/// <summary>An entity as it was when it was read.</summary>
[JsonConverter(typeof(EntityMetadataJsonConverter))]
public class EntityMetadata<TState>
{
    private readonly TState? _state;

    /// <summary>Creates metadata without the state.</summary>
    public EntityMetadata(EntityInstanceId id)
    {
        Id = id;
    }

    /// <summary>Creates metadata; a state of null counts as "not included".</summary>
    public EntityMetadata(EntityInstanceId id, TState? state)
    {
        Id = id;
        IncludesState = state is not null;
        _state = state;
    }

    /// <summary>The entity's id.</summary>
    public EntityInstanceId Id { get; }

    /// <summary>When the entity last changed.</summary>
    public DateTimeOffset LastModifiedTime { get; init; }

    /// <summary>How many messages wait for it.</summary>
    public int BacklogQueueSize { get; init; }

    /// <summary>The orchestration that has it locked; null for none.</summary>
    public string? LockedBy { get; init; }

    /// <summary>True when the state was read.</summary>
    [MemberNotNullWhen(true, nameof(State))]
    public bool IncludesState { get; }

    /// <summary>The state.</summary>
    /// <exception cref="InvalidOperationException">It was not read; see <see cref="IncludesState"/>.</exception>
    public TState? State => IncludesState
        ? _state
        : throw new InvalidOperationException($"The state of entity '{Id}' was not fetched: read it with includeState set.");
}

/// <summary>An entity whose state is still text.</summary>
/// <param name="id">The entity's id.</param>
/// <param name="state">The state; null when it was not read.</param>
[JsonConverter(typeof(EntityMetadataJsonConverter))]
public sealed class EntityMetadata(EntityInstanceId id, SerializedData? state = null) : EntityMetadata<SerializedData>(id, state);
