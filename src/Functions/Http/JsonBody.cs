using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Heal.Functions.Http;

/// <summary>Reads a small JSON body and says in words what is wrong with it.</summary>
internal static class JsonBody
{
    private const int MaximumBytes = 64 * 1024;

    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web);

    /// <param name="expected">An example of what belongs here, for the error.</param>
    public static async Task<(T? Value, string? Fault)> ReadAsync<T>(
        HttpRequest request, string expected, CancellationToken cancellationToken)
        where T : class
    {
        BoundedBody body = await BoundedBody.ReadAsync(request, MaximumBytes, cancellationToken);
        if (body.Content is not { } content)
        {
            return (null, $"The body has more than {MaximumBytes} bytes. Expected {expected}.");
        }

        try
        {
            T? value = JsonSerializer.Deserialize<T>(content.Span, Options);
            return value is null ? (null, $"The body is null. Expected {expected}.") : (value, null);
        }
        catch (JsonException malformed)
        {
            return (null, $"The body is not the JSON that belongs here, at {malformed.Path ?? "$"}. Expected {expected}.");
        }
    }
}
