using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;

namespace Heal.Activities.Tests;

/// <summary>Kinds that other projects bring into a cluster, as definitions without a schema, and nobody who acts on them.</summary>
internal static class ForeignKinds
{
    private static readonly ResourceKind Definition = new("apiextensions.k8s.io", "CustomResourceDefinition");

    private static readonly (string Group, string Version, string Plural, string Kind, bool IsNamespaced)[] All =
    [
        ("snapshot.storage.k8s.io", "v1", "volumesnapshots", "VolumeSnapshot", true),
        ("snapshot.storage.k8s.io", "v1", "volumesnapshotclasses", "VolumeSnapshotClass", false),
        ("cluster.x-k8s.io", "v1beta1", "machinedeployments", "MachineDeployment", true),
        ("security.istio.io", "v1", "authorizationpolicies", "AuthorizationPolicy", true),
        ("cert-manager.io", "v1", "certificates", "Certificate", true),
        ("cert-manager.io", "v1", "issuers", "Issuer", true),
        ("cert-manager.io", "v1", "clusterissuers", "ClusterIssuer", false),
        ("metrics.k8s.io", "v1beta1", "pods", "PodMetrics", true),
    ];

    public static async Task DefineAsync(KubernetesClient client)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        foreach (var (group, version, plural, kind, isNamespaced) in All)
        {
            await client.CreateAsync(Definition, KubernetesObject.FromJson<KubernetesObject>(JsonNode.Parse($$"""
                { "metadata": { "name": "{{plural}}.{{group}}",
                    "annotations": { "api-approved.kubernetes.io": "unapproved, for tests" } },
                  "spec": { "group": "{{group}}", "scope": "{{(isNamespaced ? "Namespaced" : "Cluster")}}",
                    "names": { "plural": "{{plural}}", "kind": "{{kind}}" },
                    "versions": [ { "name": "{{version}}", "served": true, "storage": true, "subresources": { "status": {} },
                      "schema": { "openAPIV3Schema": { "type": "object", "x-kubernetes-preserve-unknown-fields": true } } } ] } }
                """)!), null, limit.Token);
        }

        var left = All.Select(item => $"{item.Plural}.{item.Group}").ToHashSet(StringComparer.Ordinal);
        await foreach (var change in client.WatchAsync<KubernetesObject>(Definition, null, new WatchOptions(), limit.Token))
        {
            var seen = change.Object.ToJson();
            if (seen.HasCondition("Established")) left.Remove(seen.Name());
            if (left.Count == 0) return;
        }
    }
}
