using System.Globalization;

namespace Heal.Activities.Tests;

/// <summary>Objects of a small shop, as text.</summary>
internal static class EvidenceObjects
{
    public static string Deployment(string name, int replicas, string image = "registry.example/web:1.0", string more = "") => $$"""
        { "apiVersion": "apps/v1", "kind": "Deployment",
          "metadata": { "name": "{{name}}", "namespace": "shop", "labels": { "app": "{{name}}" } },
          "spec": { "replicas": {{replicas.ToString(CultureInfo.InvariantCulture)}}, "selector": { "matchLabels": { "app": "{{name}}" } },
            "template": { "metadata": { "labels": { "app": "{{name}}" } }, "spec": { "containers": [ { "name": "app", "image": "{{image}}",
              "resources": { "requests": { "cpu": "10m", "memory": "16Mi" }, "limits": { "memory": "64Mi" } } {{more}} } ] } } } }
        """;

    /// <param name="owner">apiVersion, kind and name of the controller.</param>
    public static string Pod(string name, string labels, (string Api, string Kind, string Name)? owner = null, string more = "") => $$"""
        { "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "{{name}}", "labels": { {{labels}} }
          {{(owner is { } o ? $", \"ownerReferences\": [ {Owner(o.Api, o.Kind, o.Name)} ]" : "")}} },
          "spec": { "containers": [ { "name": "app", "image": "registry.example/web:1.0" } ] {{more}} } }
        """;

    public static string Owner(string api, string kind, string name) =>
        $$"""{ "apiVersion": "{{api}}", "kind": "{{kind}}", "name": "{{name}}", "controller": true }""";

    public static string Revision(string name, string kind, string workload, long number, string image, string labels) => $$"""
        { "apiVersion": "apps/v1", "kind": "ControllerRevision", "revision": {{number.ToString(CultureInfo.InvariantCulture)}},
          "metadata": { "name": "{{name}}", "labels": { {{labels}} }, "ownerReferences": [ {{Owner("apps/v1", kind, workload)}} ] },
          "data": { "spec": { "template": { "$patch": "replace", {{TemplateBody(image, labels)}} } } } }
        """;

    public static string Workload(string kind, string name, string image, string labels, string spec, string status) => $$"""
        { "apiVersion": "apps/v1", "kind": "{{kind}}", "metadata": { "name": "{{name}}" },
          "spec": { {{spec}} "selector": { "matchLabels": { {{labels}} } }, "template": { {{TemplateBody(image, labels)}} } },
          "status": { {{status}} } }
        """;

    // With what the server fills in, as it is in a revision that a controller recorded.
    private static string TemplateBody(string image, string labels) => $$"""
        "metadata": { "labels": { {{labels}} } },
        "spec": { "containers": [ { "name": "app", "image": "{{image}}", "imagePullPolicy": "IfNotPresent", "resources": {},
            "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File" } ],
          "restartPolicy": "Always", "terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst",
          "schedulerName": "default-scheduler", "securityContext": {} }
        """;
}
