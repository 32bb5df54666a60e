using System.Text.Json;
using Azure.Core.Serialization;

namespace Microsoft.Azure.Functions.Worker.Converters;

/// <summary>Tells what is wrong with a payload, which is its sender's affair, from what is wrong with the program.</summary>
internal static class ReadFaults
{
    /// <param name="serializer">Who was reading, from memory. One that the program chose has exceptions of its own for a text that it
    /// cannot read; which they are, nobody can know.</param>
    public static bool IsOfText(Exception exception, ObjectSerializer serializer) =>
        exception is JsonException
        || (serializer is not JsonObjectSerializer
            && exception is not (OperationCanceledException or NotSupportedException or OutOfMemoryException));
}
