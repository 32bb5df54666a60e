using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;

namespace Heal.Drivers.Kubernetes.Tests.Support;

/// <summary>Documents and clients for tests.</summary>
internal static class Some
{
    public const string CoreDiscovery = """
        {"kind":"APIResourceList","groupVersion":"v1","resources":[
          {"name":"pods/log","kind":"Pod","namespaced":true,"verbs":["get"]},
          {"name":"pods","kind":"Pod","namespaced":true,"verbs":["get","list","watch","create","delete"]},
          {"name":"events","kind":"Event","namespaced":true,"verbs":["get","list"]},
          {"name":"configmaps","kind":"ConfigMap","namespaced":true,"verbs":["get","list"]},
          {"name":"nodes","kind":"Node","namespaced":false,"verbs":["get","list"]}]}
        """;

    public const string AppsDiscovery = """
        {"kind":"APIResourceList","groupVersion":"apps/v1","resources":[
          {"name":"deployments","kind":"Deployment","namespaced":true,"verbs":["get","list","patch"]},
          {"name":"deployments/scale","group":"autoscaling","version":"v1","kind":"Scale","namespaced":true,"verbs":["get","patch"]}]}
        """;

    public static string Group(string name, params string[] versions) => $$"""
        {"kind":"APIGroup","name":"{{name}}","versions":[{{string.Join(',', versions.Select(v => Version(name, v)))}}],
         "preferredVersion":{{Version(name, versions[0])}}}
        """;

    public static string Pod(string name, string version = "1", string? uid = null) =>
        """{"kind":"Pod","apiVersion":"v1","metadata":"""
        + $$"""{"name":"{{name}}","namespace":"shop","uid":"{{uid ?? name}}","resourceVersion":"{{version}}"} }""";

    public static string PodList(string version, params string[] pods) => PodPage(version, null, pods);

    public static string PodPage(string version, string? next, params string[] pods) => $$$"""
        {"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"{{{version}}}","continue":"{{{next}}}"},
         "items":[{{{string.Join(',', pods)}}}]}
        """;

    public static string Status(int code, string reason, string message, string details = "{}") =>
        $$"""{"kind":"Status","apiVersion":"v1","status":"Failure","code":{{code}},"reason":"{{reason}}","""
        + $$""" "message":{{JsonSerializer.Serialize(message)}},"details":{{details.ReplaceLineEndings(" ")}}}""";

    public static string Event(string type, string json) => $$"""{"type":"{{type}}","object":{{json}}}""";

    public static string Bookmark(string version) =>
        Event("BOOKMARK", $$$"""{"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":"{{{version}}}"}}""");

    /// <summary>The bookmark that ends what exists.</summary>
    public static string EndOfExisting(string version) => Event("BOOKMARK",
        """{"kind":"Pod","apiVersion":"v1","metadata":{"annotations":{"k8s.io/initial-events-end":"true"},"resourceVersion":"""
        + $"\"{version}\"}}}}");

    public static KubernetesClient Client(
        ApiServerDouble server, Action<KubernetesClientOptions>? configure = null, TimeProvider? time = null)
    {
        var options = new KubernetesClientOptions { Server = server.Url, RetryDelay = TimeSpan.FromMilliseconds(1) };
        configure?.Invoke(options);
        return Factory(time).Create(options);
    }

    public static KubernetesClientFactory Factory(TimeProvider? time = null) =>
        new(time ?? TimeProvider.System, NullLoggerFactory.Instance, new Random(1));

    private static string Version(string group, string version) => $$"""{"groupVersion":"{{group}}/{{version}}","version":"{{version}}"}""";
}
