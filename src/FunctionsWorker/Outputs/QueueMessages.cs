using System.Collections;
using System.Text.Json.Nodes;
using Azure.Core.Serialization;
using Azure.Storage.Queues.Models;
using Microsoft.Azure.Functions.Worker.Configuration;

namespace Microsoft.Azure.Functions.Worker.Outputs;

/// <summary>From the value of a queue output to the bodies of messages, as they are stored.</summary>
internal static class QueueMessages
{
    /// <summary>Messages of one output of one invocation.</summary>
    public const int MaxCount = 1000;

    /// <summary>Bytes of a stored message; the storage takes no more.</summary>
    public const int MaxBytes = 64 * 1024;

    /// <exception cref="InvalidOperationException">Too many messages, or one that is too large.</exception>
    public static IReadOnlyList<BinaryData> Of(object? value, QueueEncoding encoding, ObjectSerializer serializer, string output)
    {
        BinaryData[] bodies = [.. Each(value).Select(v => Encoded(Body(v, serializer), encoding)).Take(MaxCount + 1)];
        if (bodies.Length > MaxCount)
        {
            throw new InvalidOperationException($"{output} has more than {MaxCount} messages, which is the most of one invocation.");
        }

        return Array.Find(bodies, static b => b.ToMemory().Length > MaxBytes) is { } large
            ? throw new InvalidOperationException(
                $"{output} has a message of {large.ToMemory().Length} bytes ({encoding} encoding), expected at most {MaxBytes}. "
                    + "Store the content elsewhere and send where it is.")
            : bodies;
    }

    // A dictionary and a JSON document are values, though they can be enumerated.
    private static IEnumerable<object> Each(object? value) => value switch
    {
        null => [],
        string or byte[] or BinaryData or IDictionary or JsonNode => [value],
        IEnumerable many when !IsDictionary(many.GetType()) => many.Cast<object?>().OfType<object>(),
        _ => [value],
    };

    private static bool IsDictionary(Type type) => type.GetInterfaces().Any(static i => i.IsGenericType
        && (i.GetGenericTypeDefinition() == typeof(IDictionary<,>) || i.GetGenericTypeDefinition() == typeof(IReadOnlyDictionary<,>)));

    private static BinaryData Body(object value, ObjectSerializer serializer) => value switch
    {
        string text => BinaryData.FromString(text),
        BinaryData data => data,
        byte[] bytes => BinaryData.FromBytes(bytes),
        ReadOnlyMemory<byte> bytes => BinaryData.FromBytes(bytes),
        QueueMessage message => message.Body,
        _ => serializer.Serialize(value, value.GetType(), CancellationToken.None),
    };

    private static BinaryData Encoded(BinaryData body, QueueEncoding encoding) => encoding == QueueEncoding.Base64
        ? BinaryData.FromString(Convert.ToBase64String(body))
        : body;
}
