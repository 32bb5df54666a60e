using System.Globalization;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;

namespace Heal.Activities.Tests;

/// <summary>
/// More requests than a real API server serves at once. By its own fair shares (API Priority and Fairness) a healer and somebody who
/// asks all the time have a few requests between them, and every further one is answered with 429 and Retry-After. The other one's
/// requests stay for as long as a webhook of the test takes to answer, which is until the storm is over.
/// </summary>
internal sealed class Storm : IAsyncDisposable
{
    /// <summary>More than the share of one in the server's 600 requests at once, which is 3.</summary>
    private const int Askers = 8;

    private static readonly ResourceKind Level = new("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration");
    private static readonly ResourceKind Schema = new("flowcontrol.apiserver.k8s.io", "FlowSchema");
    private static readonly ResourceKind ClusterRoleBinding = new("rbac.authorization.k8s.io", "ClusterRoleBinding");
    private static readonly ResourceKind Configuration = new("admissionregistration.k8s.io", "ValidatingWebhookConfiguration");
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly RealShop _shop;
    private readonly Stall _stall;
    private readonly AdmissionHook _hook;
    private CancellationTokenSource? _blowing;
    private Task _askers = Task.CompletedTask;

    private Storm(RealShop shop, Stall stall, AdmissionHook hook) => (_shop, _stall, _hook) = (shop, stall, hook);

    private string Healer => $"{_stall.Namespace}-healer";

    private string Asker => $"{_stall.Namespace}-asker";

    /// <summary>Gives the two their share. Nothing is refused yet.</summary>
    public static async Task<Storm> GatherAsync(RealShop shop, Stall stall)
    {
        var storm = new Storm(shop, stall, await AdmissionHook.StartAsync(refuses: false));
        await stall.CreateAsync(storm._hook.Configuration(stall.Namespace, "storm", stall.Namespace, "CREATE", "configmaps", timeout: 30));
        await CreateAsync(stall, Level, stall.Namespace, """
            "spec": { "type": "Limited", "limited": { "assuredConcurrencyShares": 1, "limitResponse": { "type": "Reject" } } }
            """);
        foreach (var user in (string[])[storm.Healer, storm.Asker])
        {
            await CreateAsync(stall, ClusterRoleBinding, user, $$"""
                "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin" },
                "subjects": [ { "apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "{{user}}" } ]
                """);
            await CreateAsync(stall, Schema, user, $$"""
                "spec": { "matchingPrecedence": 100, "priorityLevelConfiguration": { "name": "{{stall.Namespace}}" },
                  "rules": [ { "subjects": [ { "kind": "User", "user": { "name": "{{user}}" } } ],
                    "resourceRules": [ { "verbs": [ "*" ], "apiGroups": [ "*" ], "resources": [ "*" ], "namespaces": [ "*" ],
                      "clusterScope": true } ],
                    "nonResourceRules": [ { "verbs": [ "*" ], "nonResourceURLs": [ "*" ] } ] } ] }
                """);

            // The server says so once it sorts requests by it.
            await stall.UntilAsync(Schema, user, live => live.Condition("Dangling").Text("status") == "False", clusterWide: true);
        }

        return storm;
    }

    /// <summary>A client of the healer.</summary>
    public KubernetesClient Connect(Action<KubernetesClientOptions>? configure = null) => _shop.As(Healer, configure);

    /// <summary>Takes the whole share; returns once the healer is refused.</summary>
    public async Task BreakAsync()
    {
        _hook.Hold();
        _blowing = new CancellationTokenSource(Patience);
        _askers = Task.WhenAll(Enumerable.Range(0, Askers).Select(number => AskAsync(number, _blowing.Token)));
        using var probe = Connect(options => options.MaxAttempts = 1);
        while (!await IsRefusedAsync(probe)) _blowing.Token.ThrowIfCancellationRequested();
    }

    /// <summary>The storm is over: everybody who was kept waiting is answered.</summary>
    public async Task PassAsync()
    {
        if (_blowing is null) return;
        await _blowing.CancelAsync();
        _hook.LetGo();
        await _askers;
        _blowing.Dispose();
        _blowing = null;
    }

    /// <summary>How many requests of the healer the API server has refused, as it counts itself.</summary>
    public async Task<int> RefusedAsync()
    {
        using var certificate = X509Certificate2.CreateFromPemFile(
            Path.Combine(_shop.Plane.Certificates, "admin.crt"), Path.Combine(_shop.Plane.Certificates, "admin.key"));
        using var handler = new SocketsHttpHandler();
        handler.SslOptions.LocalCertificateSelectionCallback = (_, _, _, _, _) => certificate;
        using var authority = X509CertificateLoader.LoadCertificateFromFile(Path.Combine(_shop.Plane.Certificates, "ca.crt"));
        handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, CustomTrustStore = { authority },
        };
        using var http = new HttpClient(handler);
        var text = await http.GetStringAsync(new Uri(new Uri(_shop.Client.Server), "/metrics"));
        return text.Split('\n')
            .Where(line => line.StartsWith("apiserver_flowcontrol_rejected_requests_total{", StringComparison.Ordinal)
                && line.Contains($"\"{Healer}\"", StringComparison.Ordinal))
            .Sum(line => int.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
    }

    public async ValueTask DisposeAsync()
    {
        await PassAsync();
        await _stall.Client.DeleteAsync(Configuration, null, _stall.Namespace);
        foreach (var user in (string[])[Healer, Asker]) await _stall.Client.DeleteAsync(Schema, null, user);
        await _stall.Client.DeleteAsync(Level, null, _stall.Namespace);
        await _hook.DisposeAsync();
    }

    // Asks again at once whatever the answer is, as fast as the client's own limit lets it after a 429.
    private async Task AskAsync(int number, CancellationToken over)
    {
        var question = new ConfigMap
        {
            Metadata = new ObjectMeta
            {
                Name = string.Create(CultureInfo.InvariantCulture, $"ask-{number}"), Namespace = _stall.Namespace,
                Labels = new Dictionary<string, string> { ["storm"] = _stall.Namespace },
            },
        };
        using var client = _shop.As(Asker, options =>
        {
            options.MaxAttempts = 1;
            options.BreakerMinimumThroughput = int.MaxValue;
        });
        while (!over.IsCancellationRequested)
        {
            try
            {
                await client.CreateAsync(question, new WriteOptions { DryRun = true }, over);
            }
            catch (Exception passing) when (
                passing is KubernetesApiException or KubernetesUnreachableException or OperationCanceledException)
            {
                // Refused, as it is meant to be, or over.
            }
        }
    }

    private static async Task<bool> IsRefusedAsync(KubernetesClient client)
    {
        try
        {
            await client.GetAsync<Namespace>(null, "default");
            return false;
        }
        catch (KubernetesApiException refused) when (refused.StatusCode == HttpStatusCode.TooManyRequests)
        {
            return true;
        }
    }

    private static Task<KubernetesObject> CreateAsync(Stall stall, ResourceKind kind, string name, string fields)
    {
        var body = JsonNode.Parse($$"""{ "metadata": { "name": "{{name}}" }, {{fields}} }""")!;
        return stall.Client.CreateAsync(kind, KubernetesObject.FromJson<KubernetesObject>(body));
    }
}
