using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;

namespace Heal.Activities.Tests;

/// <summary>
/// Kinds that other projects bring into a cluster, and nobody who acts on them. Their schemas are structural and hold no more than the
/// fields that actions read and write: the API server drops every other one, and keeps the status apart.
/// </summary>
internal static class ForeignKinds
{
    private const string Text = """{ "type": "string" }""";
    private const string Whole = """{ "type": "integer" }""";
    private const string Flag = """{ "type": "boolean" }""";
    private const string Amount = """{ "x-kubernetes-int-or-string": true }""";

    /// <summary>As most projects have them: a set whose key is the type.</summary>
    private const string Conditions = $$"""
        "conditions": { "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [ "type" ],
          "items": { "type": "object", "required": [ "type", "status" ], "properties": { "type": {{Text}}, "status": {{Text}},
            "reason": {{Text}}, "message": {{Text}}, "observedGeneration": {{Whole}},
            "lastTransitionTime": { "type": "string", "format": "date-time" } } } }
        """;

    private const string OfIssuer = $$"""
        "spec": { "type": "object", "properties": { "ca": { "type": "object", "properties": { "secretName": {{Text}} } } } },
        "status": { "type": "object", "properties": { {{Conditions}} } }
        """;

    private static readonly ResourceKind Definition = new("apiextensions.k8s.io", "CustomResourceDefinition");

    private static readonly (string Group, string Version, string Plural, string Kind, bool IsNamespaced, string Fields)[] All =
    [
        ("snapshot.storage.k8s.io", "v1", "volumesnapshots", "VolumeSnapshot", true, $$"""
            "spec": { "type": "object", "required": [ "source" ], "properties": { "volumeSnapshotClassName": {{Text}},
              "source": { "type": "object", "properties": { "persistentVolumeClaimName": {{Text}} } } } },
            "status": { "type": "object", "properties": { "readyToUse": {{Flag}}, "restoreSize": {{Amount}} } }
            """),
        ("snapshot.storage.k8s.io", "v1", "volumesnapshotclasses", "VolumeSnapshotClass", false, $$"""
            "driver": {{Text}}, "deletionPolicy": {{Text}}
            """),
        ("cluster.x-k8s.io", "v1beta1", "machinedeployments", "MachineDeployment", true, $$"""
            "spec": { "type": "object", "required": [ "clusterName" ],
              "properties": { "clusterName": {{Text}}, "replicas": {{Whole}}, "paused": {{Flag}} } },
            "status": { "type": "object", "properties": { "replicas": {{Whole}}, "readyReplicas": {{Whole}} } }
            """),
        ("security.istio.io", "v1", "authorizationpolicies", "AuthorizationPolicy", true, $$"""
            "spec": { "type": "object", "properties": {
              "selector": { "type": "object", "properties": {
                "matchLabels": { "type": "object", "additionalProperties": {{Text}} } } },
              "action": { "type": "string", "enum": [ "ALLOW", "DENY", "AUDIT", "CUSTOM" ] },
              "rules": { "type": "array", "items": { "type": "object", "x-kubernetes-preserve-unknown-fields": true } } } },
            "status": { "type": "object", "properties": { {{Conditions}} } }
            """),
        ("argoproj.io", "v1alpha1", "applications", "Application", true, $$"""
            "status": { "type": "object", "properties": { "sync": { "type": "object",
              "properties": { "status": {{Text}}, "revision": {{Text}}, "revisions": { "type": "array", "items": {{Text}} } } } } }
            """),
        ("kustomize.toolkit.fluxcd.io", "v1", "kustomizations", "Kustomization", true, $$"""
            "spec": { "type": "object", "properties": { "prune": {{Flag}} } },
            "status": { "type": "object", "properties": { "lastAppliedRevision": {{Text}} } }
            """),
        ("cert-manager.io", "v1", "certificates", "Certificate", true, $$"""
            "spec": { "type": "object", "required": [ "issuerRef", "secretName" ], "properties": { "secretName": {{Text}},
              "dnsNames": { "type": "array", "items": {{Text}} },
              "issuerRef": { "type": "object", "required": [ "name" ],
                "properties": { "name": {{Text}}, "kind": {{Text}}, "group": {{Text}} } } } },
            "status": { "type": "object", "properties": { "revision": {{Whole}},
              "notAfter": { "type": "string", "format": "date-time" }, {{Conditions}} } }
            """),
        ("cert-manager.io", "v1", "issuers", "Issuer", true, OfIssuer),
        ("cert-manager.io", "v1", "clusterissuers", "ClusterIssuer", false, OfIssuer),
        ("metrics.k8s.io", "v1beta1", "pods", "PodMetrics", true, $$"""
            "timestamp": {{Text}}, "window": {{Text}},
            "containers": { "type": "array", "items": { "type": "object", "properties": { "name": {{Text}},
              "usage": { "type": "object", "additionalProperties": {{Amount}} } } } }
            """),
    ];

    public static async Task DefineAsync(KubernetesClient client)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        foreach (var (group, version, plural, kind, isNamespaced, fields) in All)
        {
            await client.CreateAsync(Definition, KubernetesObject.FromJson<KubernetesObject>(JsonNode.Parse($$"""
                { "metadata": { "name": "{{plural}}.{{group}}",
                    "annotations": { "api-approved.kubernetes.io": "unapproved, for tests" } },
                  "spec": { "group": "{{group}}", "scope": "{{(isNamespaced ? "Namespaced" : "Cluster")}}",
                    "names": { "plural": "{{plural}}", "kind": "{{kind}}" },
                    "versions": [ { "name": "{{version}}", "served": true, "storage": true, "subresources": { "status": {} },
                      "schema": { "openAPIV3Schema": { "type": "object", "properties": { {{fields}} } } } } ] } }
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
