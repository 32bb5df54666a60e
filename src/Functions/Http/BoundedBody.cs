using Microsoft.AspNetCore.Http;

namespace Heal.Functions.Http;

/// <summary>A request body in memory, up to a limit; null content when there was more.</summary>
internal readonly record struct BoundedBody(ReadOnlyMemory<byte>? Content)
{
    private const int FirstBufferBytes = 16 * 1024;

    public static async Task<BoundedBody> ReadAsync(HttpRequest request, int maximumBytes, CancellationToken cancellationToken)
    {
        if (request.ContentLength > maximumBytes)
        {
            return new BoundedBody(null);
        }

        if (request.ContentLength is { } length)
        {
            // The server ends the body at its announced length, or fails.
            byte[] whole = new byte[length];
            int filled = await request.Body.ReadAtLeastAsync(whole, whole.Length, throwOnEndOfStream: false, cancellationToken);
            return new BoundedBody(whole.AsMemory(0, filled));
        }

        using var buffer = new MemoryStream(FirstBufferBytes);
        byte[] chunk = new byte[FirstBufferBytes];
        int read;
        while ((read = await request.Body.ReadAsync(chunk, cancellationToken)) > 0)
        {
            if (buffer.Length + read > maximumBytes)
            {
                return new BoundedBody(null);
            }

            buffer.Write(chunk, 0, read);
        }

        return new BoundedBody(buffer.ToArray());
    }
}
