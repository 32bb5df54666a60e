using System.Globalization;
using System.Net.Http.Json;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Nodes;
using Heal.Healing;
using Microsoft.Extensions.Options;

namespace Heal.Activities;

/// <summary>etcd by the JSON gateway of its API (v3), with a client certificate where the settings name one.</summary>
internal sealed class EtcdGateway(HttpClient http, IOptions<EtcdOptions> options) : IEtcd
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    private const int MaxAnswerBytes = 1 << 20;

    public async Task<IReadOnlyList<EtcdMember>> MembersAsync(CancellationToken cancellationToken)
    {
        var endpoints = options.Value.Endpoints;
        var members = new List<EtcdMember>();
        var known = -1;
        foreach (var endpoint in endpoints)
        {
            try
            {
                var status = await SendAsync(endpoint, "maintenance/status", Timeout, cancellationToken);
                var list = await SendAsync(endpoint, "cluster/member/list", Timeout, cancellationToken);
                known = Math.Max(known, list.Items("members").Count());
                var faults = (status.At("errors") as JsonArray)?.Select(item => item?.ToString()).ToList() ?? [];
                var objection = faults.Count > 0 ? SafeText.Line(string.Join(", ", faults), 200)
                    : status.Text("leader") is null or "0" ? "it has no leader" : null;
                members.Add(new EtcdMember(
                    endpoint.ToString(), Number(status, "dbSize"), Number(status, "dbSizeInUse"),
                    status.Text("leader") is { } leader && leader == status.Text("header", "member_id"), objection));
            }
            catch (EtcdException e)
            {
                members.Add(new EtcdMember(endpoint.ToString(), 0, 0, false, e.Message));
            }
        }

        if (known < 0) throw new EtcdException(members.Count == 0 ? "no endpoint is set" : members[0].Objection!);
        return known == endpoints.Count ? members : throw new EtcdException(
            Workloads.Invariant($"it has {known} members, setting {EtcdOptions.Section}:Endpoints names {endpoints.Count}"));
    }

    public async Task DefragmentAsync(string endpoint, CancellationToken cancellationToken) =>
        await SendAsync(new Uri(endpoint), "maintenance/defragment", options.Value.DefragmentTimeout, cancellationToken);

    /// <summary>A handler that knows the settings' authority and client certificate. Files are read when the first call is made.</summary>
    public static SocketsHttpHandler Handler(EtcdOptions options)
    {
        var handler = new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(5) };
        if (options.CertificateFile is { Length: > 0 } file)
        {
            var pair = new CertificatePair(file, options.KeyFile ?? file);
            handler.SslOptions.LocalCertificateSelectionCallback = (_, _, _, _, _) => pair.Current();
        }

        if (options.AuthorityFile is { Length: > 0 } authority)
        {
            handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, _, errors) =>
                certificate is X509Certificate2 own && IsTrusted(own, authority, errors);
        }

        return handler;
    }

    // The name must fit in any case; the chain must end in the authority that is set.
    private static bool IsTrusted(X509Certificate2 certificate, string authority, SslPolicyErrors errors)
    {
        if ((errors & ~SslPolicyErrors.RemoteCertificateChainErrors) != SslPolicyErrors.None) return false;
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.CustomTrustStore.ImportFromPemFile(authority);
        return chain.Build(certificate);
    }

    private async Task<JsonNode?> SendAsync(Uri endpoint, string path, TimeSpan time, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(time);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri($"{endpoint.AbsoluteUri.TrimEnd('/')}/v3/{path}"))
            {
                Content = JsonContent.Create(new JsonObject()),
            };
            using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            if (!answer.IsSuccessStatusCode)
            {
                throw new EtcdException(Workloads.Invariant($"{endpoint} answered {(int)answer.StatusCode}"));
            }

            await answer.Content.LoadIntoBufferAsync(MaxAnswerBytes, limit.Token);
            return JsonNode.Parse(await answer.Content.ReadAsStringAsync(limit.Token));
        }
        catch (Exception e) when (e is HttpRequestException or JsonException or IOException or CryptographicException)
        {
            throw new EtcdException($"{endpoint}: {SafeText.Line(e.Message, 200)}");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new EtcdException(Workloads.Invariant($"{endpoint} did not answer within {time.TotalSeconds:0} s"));
        }
    }

    // 64-bit numbers are texts in the gateway's JSON.
    private static long Number(JsonNode? status, string name) =>
        long.TryParse(status.Scalar(name), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    // Read again when a file was written anew. Not disposed here when it is replaced: connections may still use the older one.
    private sealed class CertificatePair(string certificate, string key)
    {
        private readonly Lock _gate = new();
        private X509Certificate2? _read;
        private (DateTime Certificate, DateTime Key) _written;

        public X509Certificate2 Current()
        {
            lock (_gate)
            {
                var written = (File.GetLastWriteTimeUtc(certificate), File.GetLastWriteTimeUtc(key));
                if (_read is null || written != _written)
                {
                    _read = X509Certificate2.CreateFromPemFile(certificate, key);
                    _written = written;
                }

                return _read;
            }
        }
    }
}

/// <summary>Settings of etcd, section <c>Heal:Etcd</c>; read at start.</summary>
public sealed class EtcdOptions
{
    public const string Section = "Heal:Etcd";

    /// <summary>The client URL of every member. Default: none, and etcd is never touched.</summary>
    public IList<Uri> Endpoints { get; } = [];

    /// <summary>PEM file of the authority of the members' certificates. Default: those that the system trusts.</summary>
    public string? AuthorityFile { get; set; }

    /// <summary>PEM file of the client certificate. Default: none.</summary>
    public string? CertificateFile { get; set; }

    /// <summary>PEM file of its key. Default: it is in the same file.</summary>
    public string? KeyFile { get; set; }

    /// <summary>How long a member may take to defragment. Default 2 minutes, up to 10.</summary>
    public TimeSpan DefragmentTimeout { get; set; } = TimeSpan.FromMinutes(2);
}

/// <summary>All faults of the settings together, at start.</summary>
internal sealed class EtcdOptionsValidator : IValidateOptions<EtcdOptions>
{
    public ValidateOptionsResult Validate(string? name, EtcdOptions options)
    {
        var faults = options.Endpoints.Where(url => url is not { IsAbsoluteUri: true, Scheme: "http" or "https" })
            .Select(url => $"{EtcdOptions.Section}:Endpoints: expected http or https URLs, got '{url}'.").ToList();
        if (options.DefragmentTimeout <= TimeSpan.Zero || options.DefragmentTimeout > TimeSpan.FromMinutes(10))
        {
            faults.Add($"{EtcdOptions.Section}:DefragmentTimeout: expected more than 0, up to 10 minutes, got "
                + $"'{options.DefragmentTimeout}'.");
        }

        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }
}
