using System.Collections.ObjectModel;
using System.Diagnostics.CodeAnalysis;
using DurableTask.Core.Exceptions;
using DurableTask.Core.Payloads;
using Microsoft.DurableTask.Entities;

namespace Microsoft.DurableTask.Client;

/// <summary>Checks what callers hand in; says what was expected and what came.</summary>
internal static class Check
{
    public static void InstanceId(string instanceId)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(instanceId);
        NoNul(instanceId, "instance id", nameof(instanceId));
    }

    /// <summary>True for the id of an entity, where entities are in use.</summary>
    public static bool IsEntity(string instanceId) => instanceId.StartsWith('@');

    /// <summary>Where entities are in use, an id that begins with "@" is one of theirs.</summary>
    public static void NoEntity(bool entitiesEnabled, string instanceId)
    {
        InstanceId(instanceId);
        if (entitiesEnabled && IsEntity(instanceId))
        {
            throw new ArgumentException(
                $"Instance id '{instanceId}': ids that begin with '@' are those of entities. Use the client's Entities.",
                nameof(instanceId));
        }
    }

    /// <summary>The text of an entity's id. No id at all (the default value) is a null argument, as in the official client.</summary>
    public static string EntityId(EntityInstanceId id)
    {
        if (id == default)
        {
            throw new ArgumentNullException(nameof(id), "Entity id: expected a name and a key, got the default value.");
        }

        var text = id.ToString();
        return text.Length <= ClientLimits.EntityIdLength && !text.Contains('\0', StringComparison.Ordinal)
            ? text
            : throw new ArgumentException(
                $"Entity id: expected at most {ClientLimits.EntityIdLength} characters and no NUL character, "
                + $"got '{Uri.EscapeDataString(text)}' (escaped).",
                nameof(id));
    }

    /// <summary>What is created here: any text that the storage can hold, but where entities are in use one of theirs.</summary>
    public static void NewInstanceId(bool entitiesEnabled, string instanceId)
    {
        NoEntity(entitiesEnabled, instanceId);
        if (instanceId.Length > ClientLimits.InstanceIdLength)
        {
            throw new ArgumentException(
                $"Instance id: expected at most {ClientLimits.InstanceIdLength} characters, got {instanceId.Length}. "
                + "Use a hash of what it identifies.",
                nameof(instanceId));
        }
    }

    public static void Name(string name, string what, string parameter)
    {
        if (string.IsNullOrWhiteSpace(name))
        {
            throw new ArgumentException($"The {what} is empty: expected a name.", parameter);
        }

        Length(name, what, parameter);
    }

    /// <summary>An operation may be called nothing: an entity that does one thing does not ask what it is called.</summary>
    public static void Operation(string name, string parameter)
    {
        ArgumentNullException.ThrowIfNull(name, parameter);
        Length(name, "operation name", parameter);
    }

    private static void Length(string name, string what, string parameter)
    {
        if (name.Length > ClientLimits.NameLength)
        {
            throw new ArgumentException(
                $"The {what} is too long: expected at most {ClientLimits.NameLength} characters, got {name.Length}.", parameter);
        }

        NoNul(name, what, parameter);
    }

    /// <summary>Passes tags on, or a filter by tags.</summary>
    public static IReadOnlyDictionary<string, string>? Tags(IReadOnlyDictionary<string, string>? tags, string parameter)
    {
        foreach (var (key, value) in tags ?? ReadOnlyDictionary<string, string>.Empty)
        {
            NoNul(key, "tag's name", parameter);
            NoNul(value, $"tag '{key}'", parameter);
        }

        return tags;
    }

    /// <summary>Passes a text on that a database can hold. No PostgreSQL text holds a NUL character, so no hub takes one.</summary>
    [return: NotNullIfNotNull(nameof(text))]
    public static string? NoNul(string? text, string what, string parameter) => text?.IndexOf('\0', StringComparison.Ordinal) is not >= 0
        ? text
        : throw new ArgumentException(
            $"The {what} holds a NUL character: expected none, got '{Uri.EscapeDataString(text)}' (escaped).", parameter);

    public static string? Payload(string? serialized, LargePayloadOptions limits, string what, string parameter)
    {
        try
        {
            return limits.Check(serialized);
        }
        catch (PayloadStorageException tooLarge)
        {
            throw new ArgumentException($"The {what} cannot be stored. {tooLarge.Message}", parameter, tooLarge);
        }
    }

    public static int PageSize(int pageSize, string parameter) => pageSize > 0
        ? Math.Min(pageSize, ClientLimits.PageSize)
        : throw new ArgumentOutOfRangeException(parameter, pageSize, $"Page size: expected at least 1, got {pageSize}.");
}
