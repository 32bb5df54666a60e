using System.Net.Http.Headers;
using System.Text.Json;

namespace Heal.Cli;

/// <summary>The healer over HTTP. Each request has a deadline; nothing is repeated here, for a repetition may do it twice.</summary>
internal sealed class HealApi : IDisposable
{
    private const int MaximumAnswerBytes = 64 * 1024 * 1024;
    private readonly HttpClient _http;
    private readonly Uri _url;
    private readonly TimeSpan _timeout;
    private readonly TimeProvider _time;

    /// <param name="key">Sent as x-functions-key; null: none.</param>
    /// <param name="timeout">Of one request, its answer included.</param>
    public HealApi(Uri url, string? key, TimeSpan timeout, TimeProvider time)
    {
        _url = url;
        _timeout = timeout;
        _time = time;
        // A redirect would take the key to another place. A proxy has no business between a machine and itself.
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = !url.IsLoopback };
        _http = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan, MaxResponseContentBufferSize = MaximumAnswerBytes };
        _http.DefaultRequestHeaders.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        if (key is not null) _http.DefaultRequestHeaders.Add("x-functions-key", key);
        HasKey = key is not null;
    }

    public bool HasKey { get; }

    public Uri Url => _url;

    public Task<ApiAnswer> GetAsync(string path, CancellationToken cancellationToken, string? next = null) =>
        SendAsync(new ApiRequest(HttpMethod.Get, path) { Next = next }, cancellationToken);

    /// <exception cref="HealException">The healer refused, or did not answer.</exception>
    public async Task<ApiAnswer> SendAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        var address = new Uri($"{_url.AbsoluteUri.TrimEnd('/')}{request.Path}");
        using var message = new HttpRequestMessage(request.Method, address);
        if (request.Body is { } body)
        {
            message.Content = new ReadOnlyMemoryContent(body)
            {
                Headers = { ContentType = new MediaTypeHeaderValue("application/json") },
            };
        }

        using var limit = new CancellationTokenSource(_timeout, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            using HttpResponseMessage response = await _http.SendAsync(message, both.Token);
            byte[] content = await response.Content.ReadAsByteArrayAsync(both.Token);
            bool isFine = response.IsSuccessStatusCode || request.AlsoFine.Contains(response.StatusCode);
            var answer = new ApiAnswer(response.StatusCode, Read(content, mustBeJson: isFine, address));
            return isFine ? answer : throw Refusals.Of(request, address, answer, HasKey);
        }
        catch (HttpRequestException failure)
        {
            throw Refusals.OfSilence(request, address, Plain.Line((failure.InnerException ?? failure).Message));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Refusals.OfSilence(request, address, $"no answer within {_timeout.TotalSeconds:0} s");
        }
    }

    public void Dispose() => _http.Dispose();

    private static Part Read(byte[] content, bool mustBeJson, Uri address)
    {
        if (content.Length == 0) return Part.None;
        try
        {
            using JsonDocument document = JsonDocument.Parse(content);
            return new Part(document.RootElement.Clone());
        }
        catch (JsonException)
        {
            return mustBeJson
                ? throw new HealException(
                    ExitCodes.Failed, "the answer is no JSON", [$"from {address}"],
                    "Is this the address of a healer? See --url and HEAL_URL.")
                : Part.None;
        }
    }
}
