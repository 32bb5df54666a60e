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
