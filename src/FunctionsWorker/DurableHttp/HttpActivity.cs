using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Microsoft.DurableTask;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Primitives;

namespace Microsoft.Azure.Functions.Worker.Extensions.DurableTask.Http;

/// <summary>
/// Sends one request of a durable HTTP call, at least once. It follows redirects, of which another origin gets no secrets, and reads the
/// response up to a limit. Any status is a result; no answer in time is a failure.
/// </summary>
internal sealed class HttpActivity(IHttpClientFactory clients, IAccessTokens tokens, HttpActivityLimits limits, TimeProvider time)
    : TaskActivity<DurableHttpRequest, DurableHttpResponse>
{
    public const string Name = "BuiltIn::HttpActivity";

    /// <summary>An application may configure the client of this name further.</summary>
    public const string ClientName = "Microsoft.DurableTask.Http";

    private const string DefaultContentType = "text/plain";
    private const int MaxRedirects = 10;

    /// <summary>For a request that says nothing.</summary>
    internal static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(100);

    // Connections are shared by all calls, and renewed so that a change of DNS is seen.
    private static readonly TimeSpan ConnectionLifetime = TimeSpan.FromMinutes(2);

    public static void AddTo(IServiceCollection services, HttpActivityLimits limits)
    {
        services.AddSingleton(limits);
        services.TryAddSingleton<IAccessTokens, AzureAccessTokens>();

        // Its loggers write the whole address, and with it the keys that stand in queries.
        services.AddHttpClient(ClientName, static client => client.Timeout = Timeout.InfiniteTimeSpan)
            .RemoveAllLoggers()
            .ConfigurePrimaryHttpMessageHandler(static () => new PlaceGuard(static () => new SocketsHttpHandler
            {
                AllowAutoRedirect = false,
                UseCookies = false,
                PooledConnectionLifetime = ConnectionLifetime,
                AutomaticDecompression = DecompressionMethods.All,
            }));
    }

    public override async Task<DurableHttpResponse> RunAsync(TaskActivityContext context, DurableHttpRequest? input)
    {
        ArgumentNullException.ThrowIfNull(input);
        CancellationToken unwanted = context.GetCancellationToken();
        TimeSpan limit = input.Timeout is { } asked && asked < RequestTimeout ? asked : RequestTimeout;
        using var timeout = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, unwanted);
        try
        {
            return await SendAsync(input, either.Token);
        }
        catch (OperationCanceledException exception) when (timeout.IsCancellationRequested && !unwanted.IsCancellationRequested)
        {
            throw new TimeoutException($"{Target(input)} did not answer within {limit}.", exception);
        }
    }

    /// <summary>What to call a request in messages: without its query, where keys may stand.</summary>
    internal static string Target(DurableHttpRequest request) => $"{request.Method} {request.Uri.GetLeftPart(UriPartial.Path)}";

    private async Task<DurableHttpResponse> SendAsync(DurableHttpRequest request, CancellationToken cancellationToken)
    {
        HttpClient client = clients.CreateClient(ClientName);
        Uri asked = request.Asked ?? request.Uri;
        for (int redirects = 0; ; redirects++)
        {
            using HttpRequestMessage message = await MessageAsync(request, cancellationToken);
            message.Options.Set(PlaceGuard.Trust, PlaceGuard.TrustIn(asked, request.Uri));
            using HttpResponseMessage response =
                await client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            if (redirects < MaxRedirects && Redirected(request, response) is { } next)
            {
                request = next;
                continue;
            }

            return new(response.StatusCode)
            {
                Headers = HeadersOf(response, redirects == 0 ? null : request.Uri),
                Content = await ReadAsync(request, response.Content, cancellationToken),
            };
        }
    }

    private async Task<HttpRequestMessage> MessageAsync(DurableHttpRequest request, CancellationToken cancellationToken)
    {
        var message = new HttpRequestMessage(request.Method, request.Uri);
        if (request.Content is { } content)
        {
            message.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(content));
            message.Content.Headers.ContentType = new MediaTypeHeaderValue(DefaultContentType, "utf-8");
        }

        foreach ((string name, StringValues values) in request.Headers ?? new Dictionary<string, StringValues>(StringComparer.Ordinal))
        {
            HttpHeaders headers = RequestHeaders.IsOfContent(name) && message.Content is { } body ? body.Headers : message.Headers;
            headers.Remove(name);
            headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
        }

        if (request.TokenSource is { } source)
        {
            message.Headers.Authorization = new("Bearer", await tokens.GetAsync(source, cancellationToken));
        }

        return message;
    }

    private static DurableHttpRequest? Redirected(DurableHttpRequest request, HttpResponseMessage response)
    {
        bool keepsMethod = response.StatusCode is HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect;
        bool isRedirect = keepsMethod
            || response.StatusCode is HttpStatusCode.Moved or HttpStatusCode.Found or HttpStatusCode.SeeOther;
        if (!isRedirect || NamedPlace.Of(request.Uri, response.Headers.Location?.OriginalString, out _) is not { } place
            || (request.Uri.Scheme == Uri.UriSchemeHttps && place.Scheme != Uri.UriSchemeHttps))
        {
            return null;
        }

        bool becomesGet = !keepsMethod && request.Method != HttpMethod.Get && request.Method != HttpMethod.Head;
        return new(becomesGet ? HttpMethod.Get : request.Method, place)
        {
            Headers = RequestHeaders.For(request.Headers, request.Uri, place, withBody: !becomesGet),
            Content = becomesGet ? null : request.Content,
            TokenSource = RequestHeaders.IsSameOrigin(request.Uri, place) ? request.TokenSource : null,
        };
    }

    /// <param name="last">Where the redirects led. The orchestrator knows the first address only, from which a relative place would be
    /// another one.</param>
    private static Dictionary<string, StringValues> HeadersOf(HttpResponseMessage response, Uri? last)
    {
        var headers = response.Headers.Concat(response.Content.Headers).ToDictionary(
            static h => h.Key, static h => new StringValues([.. h.Value]), StringComparer.OrdinalIgnoreCase);
        if (last is not null && headers.TryGetValue("Location", out StringValues location)
            && Uri.TryCreate(last, location.ToString(), out Uri? place))
        {
            headers["Location"] = place.AbsoluteUri;
        }

        return headers;
    }

    private async Task<string> ReadAsync(DurableHttpRequest request, HttpContent content, CancellationToken cancellationToken)
    {
        await using Stream stream = await content.ReadAsStreamAsync(cancellationToken);
        using var text = new MemoryStream();
        byte[] buffer = new byte[81920];
        while (await stream.ReadAsync(buffer, cancellationToken) is > 0 and int read)
        {
            if (text.Length + read > limits.MaxResponseBytes)
            {
                throw new InvalidDataException($"{Target(request)}: the response has more than {limits.MaxResponseBytes} bytes, the limit "
                    + "of extensions.durableTask.httpSettings.maxResponseBytes in host.json. Raise it, or fetch the content in an activity "
                    + "that stores it elsewhere.");
            }

            text.Write(buffer, 0, read);
        }

        return EncodingOf(content).GetString(text.GetBuffer(), 0, (int)text.Length);
    }

    private static Encoding EncodingOf(HttpContent content)
    {
        try
        {
            return content.Headers.ContentType?.CharSet is { Length: > 0 } name ? Encoding.GetEncoding(name.Trim('"')) : Encoding.UTF8;
        }
        catch (ArgumentException)
        {
            return Encoding.UTF8; // A charset that nobody knows: most bodies are readable all the same.
        }
    }
}

/// <param name="MaxResponseBytes">The largest body that a durable HTTP call takes in.</param>
internal sealed record HttpActivityLimits(int MaxResponseBytes);
