using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using Heal.Drivers.Kubernetes.Configuration;
using Heal.Drivers.Kubernetes.Credentials;
using Microsoft.Extensions.Logging;

namespace Heal.Drivers.Kubernetes.Transport;

/// <summary>Carries calls to one cluster and back: credentials, deadline, retries, breaker, telemetry, typed errors.</summary>
internal sealed class ApiTransport : IDisposable
{
    private readonly ClusterConnection _connection;
    private readonly Connections _connections;
    private readonly ErrorReader _errors;
    private readonly CallPipeline _pipeline;
    private readonly CallTelemetry _telemetry;
    private readonly ILogger _logger;
    private readonly string _baseUrl;

    public ApiTransport(ClusterConnection connection, KubernetesClientOptions options, Random? random, TimeProvider time, ILogger logger)
    {
        _connection = connection;
        _logger = logger;
        Options = options;
        Time = time;
        Random = new Randomness(random);
        Cluster = connection.Server.GetLeftPart(UriPartial.Authority);
        _baseUrl = connection.Server.GetLeftPart(UriPartial.Path).TrimEnd('/');
        _connections = new Connections(certificate => ClusterHttpHandler.Create(connection, options, certificate, time));
        _errors = new ErrorReader(options.MaxErrorBytes, time);
        _pipeline = new CallPipeline(
            options, Cluster, Random, time, logger, OnRetry, (call, waited) => _telemetry!.Throttled(call, waited));
        _telemetry = new CallTelemetry(Cluster, time, () => _pipeline.BreakerState, () => _pipeline.Rate);
        Log.Configured(logger, Cluster, connection.Origin);
        if (connection.SkipTlsVerify)
            Log.TlsNotVerified(logger, Cluster);
    }

    public KubernetesClientOptions Options { get; }
    public TimeProvider Time { get; }
    public Randomness Random { get; }

    /// <summary>Scheme, host and port; for messages.</summary>
    public string Cluster { get; }

    public string ResourceUrl(ApiCall call) => $"{_baseUrl}/{call.Path}";

    /// <summary>Makes a call and reads its answer, both within each try's deadline: a broken answer is a failed try.</summary>
    public Task<T> CallAsync<T>(
        ApiCall call, Func<Stream, CancellationToken, Task<T>> readAnswer, CancellationToken cancellationToken) =>
        MeasureAsync(call, () => _pipeline.RunAsync(
            call, ResourceUrl(call), token => TryAsync(call, readAnswer, token), cancellationToken));

    /// <summary>Makes one try of a call and hands over the answer once it begins; the deadline covers the beginning only.</summary>
    public Task<HttpResponseMessage> OpenAsync(ApiCall call, CancellationToken cancellationToken) =>
        MeasureAsync(call, () => _pipeline.RunOnceAsync(call, ResourceUrl(call), token => SendAsync(call, token), cancellationToken));

    public void Dispose()
    {
        _connections.Dispose();
        _telemetry.Dispose();
        (_connection.Credentials as IDisposable)?.Dispose();
    }

    private async Task<T> MeasureAsync<T>(ApiCall call, Func<Task<T>> run)
    {
        var measurement = _telemetry.Begin(call);
        try
        {
            var result = await run();
            _telemetry.End(measurement, call, null);
            return result;
        }
        catch (Exception exception)
        {
            _telemetry.End(measurement, call, exception);
            throw;
        }
    }

    private async Task<T> TryAsync<T>(
        ApiCall call, Func<Stream, CancellationToken, Task<T>> readAnswer, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(call, cancellationToken);
        try
        {
            await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
            return await readAnswer(stream, cancellationToken);
        }
        catch (Exception exception) when (FailureTranslation.Knows(exception))
        {
            throw FailureTranslation.Translate(exception, call, ResourceUrl(call));
        }
    }

    private async Task<HttpResponseMessage> SendAsync(ApiCall call, CancellationToken cancellationToken)
    {
        var (response, credential) = await SendOnceAsync(call, cancellationToken);
        // 401 means that nothing was done, so any call may be repeated with new credentials.
        if (response.StatusCode == HttpStatusCode.Unauthorized && _connection.Credentials.Reject(credential))
        {
            Log.CredentialsRejected(_logger, Cluster);
            response.Dispose();
            (response, credential) = await SendOnceAsync(call, cancellationToken);
        }

        if (response.IsSuccessStatusCode || (call.Protocols is not null && response.StatusCode == HttpStatusCode.SwitchingProtocols))
            return response;
        using (response)
        {
            var failure = await _errors.ReadAsync(response, call, ResourceUrl(call), cancellationToken);
            throw response.StatusCode == HttpStatusCode.Unauthorized
                ? Unauthorized(failure.Error, credential, response.Headers.Date)
                : failure;
        }
    }

    /// <param name="serverTime">What the server's clock says; null when it did not tell.</param>
    private KubernetesUnauthorizedException Unauthorized(
        KubernetesApiError error, ClusterCredential credential, DateTimeOffset? serverTime)
    {
        var now = Time.GetUtcNow();
        var fault = CredentialDiagnosis.Find(credential, now);
        var detail = fault is null
            ? $"Sent: {CredentialDiagnosis.Name(credential)} ({_connection.Origin})."
            : $"The {fault.Text} ({_connection.Origin}).{(fault.IsExpired ? " Renew it there." : "")}";
        if (serverTime is { } theirs && CredentialDiagnosis.ClocksDiffer(theirs, now) is { } difference)
            detail = $"{detail} {difference}";
        if (_connection.Credentials.RenewalFailure is { } failure)
            detail = $"{detail} An older one was sent, because: {failure}";
        return new KubernetesUnauthorizedException(
            error with { ServerMessage = $"{error.ServerMessage.TrimEnd('.')}. {detail}".TrimStart('.', ' ') },
            fault is { IsExpired: true } ? fault.At : null);
    }

    private async Task<(HttpResponseMessage Response, ClusterCredential Credential)> SendOnceAsync(
        ApiCall call, CancellationToken cancellationToken)
    {
        try
        {
            var credential = await _connection.Credentials.GetAsync(cancellationToken);
            using var request = Request(call, credential);
            using var connections = _connections.For(credential.Certificate);
            var response = await connections.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            return (response, credential);
        }
        catch (Exception exception) when (FailureTranslation.Knows(exception))
        {
            throw FailureTranslation.Translate(exception, call, ResourceUrl(call));
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new KubernetesUnreachableException(
                UnreachableCause.Disconnected, call.Verb, ResourceUrl(call), "the call was broken off on our side.", exception);
        }
    }

    private HttpRequestMessage Request(ApiCall call, ClusterCredential credential)
    {
        var request = new HttpRequestMessage(call.Method, ResourceUrl(call) + call.Query);
        request.Headers.TryAddWithoutValidation("Accept", call.Accept ?? ApiCalls.JsonMediaType);
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("heal", null));
        // The handler takes the name to ask for and to verify from the Host header.
        if (_connection.TlsServerName is not null)
            request.Headers.Host = _connection.TlsServerName;
        if (credential.Token is not null)
            request.Headers.Authorization = Bearer(credential.Token);
        _connection.Impersonation?.AddTo(request);
        if (call.Protocols is not null)
            AskForWebSocket(request, call.Protocols);
        if (call.Body is not null)
        {
            request.Content = new ByteArrayContent(call.Body);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(call.MediaType!);
        }

        return request;
    }

    private static AuthenticationHeaderValue Bearer(string token)
    {
        try
        {
            return new AuthenticationHeaderValue("Bearer", token);
        }
        catch (FormatException exception)
        {
            throw new CredentialsException("The bearer token cannot be sent: expected one line, got several.", exception);
        }
    }

    private static void AskForWebSocket(HttpRequestMessage request, string protocols)
    {
        // The handler hands over the connection as a stream when the server answers 101; the errors stay those of any other call.
        request.Headers.Connection.Add("Upgrade");
        request.Headers.TryAddWithoutValidation("Upgrade", "websocket");
        request.Headers.TryAddWithoutValidation("Sec-WebSocket-Version", "13");
        request.Headers.TryAddWithoutValidation("Sec-WebSocket-Key", Convert.ToBase64String(RandomNumberGenerator.GetBytes(16)));
        request.Headers.TryAddWithoutValidation("Sec-WebSocket-Protocol", protocols);
    }

    private void OnRetry(FailedTry failed)
    {
        _telemetry.Retried(failed.Call, failed.Failure);
        Log.Retrying(
            _logger, failed.Number, failed.Call.Verb, ResourceUrl(failed.Call), failed.Pause.TotalMilliseconds, failed.Failure?.Message);
    }
}
