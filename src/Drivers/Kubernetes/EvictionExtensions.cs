using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes.Models;

namespace Heal.Drivers.Kubernetes;

/// <summary>Evicts pods: a deletion that asks the disruption budgets first.</summary>
public static class EvictionExtensions
{
    /// <summary>Evicts a pod. Sent at most once. With the version of the document that the server knows (policy/v1 or v1beta1).</summary>
    /// <exception cref="KubernetesConflictException">The pod of this name is another one than the options say.</exception>
    public static async Task<EvictionResult> EvictAsync(
        this IKubernetesClient client,
        string ns,
        string pod,
        EvictionOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        options ??= new EvictionOptions();
        var resource = await client.DiscoverAsync(ResourceKind.Of<Pod>(), cancellationToken);
        var apiVersion = resource?.Subresource("eviction")?.ApiVersion ?? "policy/v1";
        try
        {
            var body = KubernetesObject.FromJson<KubernetesObject>(Body(apiVersion, ns, pod, options));
            var write = new WriteOptions { Subresource = "eviction", DryRun = options.DryRun };
            await client.CreateAsync(ResourceKind.Of<Pod>(), body, write, cancellationToken);
            return new EvictionResult(EvictionOutcome.Evicted, null, string.Empty, null);
        }
        catch (KubernetesNotFoundException exception) when (exception.IsAboutObject)
        {
            return new EvictionResult(EvictionOutcome.NotFound, null, exception.Error.ServerMessage, null);
        }
        catch (KubernetesApiException exception) when (exception.Refusal is { Kind: RefusalKind.DisruptionBudget } refusal)
        {
            return new EvictionResult(EvictionOutcome.Refused, refusal.Name, refusal.Explanation, exception.RetryAfter);
        }
        catch (KubernetesApiException exception) when (IsAboutBudgets(exception))
        {
            return new EvictionResult(EvictionOutcome.Misconfigured, string.Empty, exception.Error.ServerMessage, null);
        }
    }

    // 500, for want of a better code; the words are the only mark.
    private static bool IsAboutBudgets(KubernetesApiException exception) => (int)exception.StatusCode == 500
        && exception.Error.ServerMessage.Contains("PodDisruptionBudget", StringComparison.Ordinal);

    private static JsonObject Body(string apiVersion, string ns, string pod, EvictionOptions options)
    {
        var delete = new JsonObject();
        if (options.GracePeriodSeconds is { } seconds)
            delete["gracePeriodSeconds"] = seconds;
        if (options.Uid is { } uid)
            delete["preconditions"] = new JsonObject { ["uid"] = uid };
        if (options.DryRun)
            delete["dryRun"] = new JsonArray("All");
        return new JsonObject
        {
            ["apiVersion"] = apiVersion,
            ["kind"] = "Eviction",
            ["metadata"] = new JsonObject { ["name"] = pod, ["namespace"] = ns },
            ["deleteOptions"] = delete,
        };
    }
}
