using System.Text;
using Azure.Core.Serialization;

namespace Microsoft.Azure.Functions.Worker.Http;

public static class HttpResponseDataExtensions
{
    private const string Json = "application/json; charset=utf-8";

    public static void WriteString(this HttpResponseData response, string value, Encoding? encoding = null) =>
        response.WriteBytes((encoding ?? Encoding.UTF8).GetBytes(value));

    public static Task WriteStringAsync(this HttpResponseData response, string value, Encoding? encoding = null) =>
        response.WriteStringAsync(value, CancellationToken.None, encoding);

    public static Task WriteStringAsync(
        this HttpResponseData response, string value, CancellationToken cancellationToken, Encoding? encoding = null) =>
        response.WriteBytesAsync((encoding ?? Encoding.UTF8).GetBytes(value), cancellationToken);

    /// <summary>Writes JSON with <see cref="WorkerOptions.Serializer"/> and sets the content type.</summary>
    public static ValueTask WriteAsJsonAsync<T>(this HttpResponseData response, T? instance,
        CancellationToken cancellationToken = default) =>
        response.WriteAsJsonAsync(instance, Json, cancellationToken);

    public static ValueTask WriteAsJsonAsync<T>(
        this HttpResponseData response, T? instance, string contentType, CancellationToken cancellationToken = default) =>
        response.WriteAsJsonAsync(instance, HttpRequestDataExtensions.SerializerOf(response.FunctionContext), contentType,
            cancellationToken);

    public static ValueTask WriteAsJsonAsync<T>(
        this HttpResponseData response, T? instance, ObjectSerializer serializer, CancellationToken cancellationToken = default) =>
        response.WriteAsJsonAsync(instance, serializer, Json, cancellationToken);

    public static async ValueTask WriteAsJsonAsync<T>(
        this HttpResponseData response,
        T? instance,
        ObjectSerializer serializer,
        string contentType,
        CancellationToken cancellationToken = default)
    {
        response.Headers.Remove("Content-Type");
        response.Headers.TryAddWithoutValidation("Content-Type", contentType);
        await serializer.SerializeAsync(response.Body, instance, instance?.GetType() ?? typeof(T), cancellationToken);
    }

    public static void WriteBytes(this HttpResponseData response, byte[] value) => response.Body.Write(value);

    public static Task WriteBytesAsync(this HttpResponseData response, byte[] value) =>
        response.WriteBytesAsync(value, CancellationToken.None);

    public static Task WriteBytesAsync(this HttpResponseData response, byte[] value, CancellationToken cancellationToken) =>
        response.Body.WriteAsync(value, cancellationToken).AsTask();
}
