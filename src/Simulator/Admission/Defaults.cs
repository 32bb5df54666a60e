using System.Text.Json.Nodes;
using Heal.Simulator.Objects;

namespace Heal.Simulator.Admission;

/// <summary>Fills in what the real server fills in, so that a stored object reads like one from a cluster.</summary>
internal static class Defaults
{
    public static void Apply(ResourceType type, JsonObject o)
    {
        if (o["spec"] is not JsonObject spec)
        {
            if (type == ResourceCatalog.Namespaces)
                o["spec"] = new JsonObject { ["finalizers"] = new JsonArray("kubernetes") };
            if (type == ResourceCatalog.Secrets)
                Secret(o);
            return;
        }
        switch (type.Kind)
        {
            case "Pod": Pod(spec); break;
            case "Deployment": Deployment(spec); break;
            case "ReplicaSet" or "StatefulSet": spec.Default("replicas", 1); break;
            case "Service": Service(spec); break;
        }
        if (spec.Object("template", "spec") is { } template)
            Pod(template);
    }

    private static void Secret(JsonObject o)
    {
        o.Default("type", "Opaque");
        foreach (var (key, value) in o.Texts("stringData").ToList())
            o.Ensure("data")[key] = Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(value));
        o.Remove("stringData");
    }

    private static void Deployment(JsonObject spec)
    {
        spec.Default("replicas", 1);
        spec.Default("revisionHistoryLimit", 10);
        spec.Default("progressDeadlineSeconds", 600);
        var strategy = spec.Ensure("strategy");
        strategy.Default("type", "RollingUpdate");
        if (strategy.Text("type") != "RollingUpdate")
            return;
        var rolling = strategy.Ensure("rollingUpdate");
        rolling.Default("maxSurge", "25%");
        rolling.Default("maxUnavailable", "25%");
    }

    private static void Service(JsonObject spec)
    {
        spec.Default("type", "ClusterIP");
        spec.Default("sessionAffinity", "None");
        foreach (var port in spec.Items("ports"))
        {
            port.Default("protocol", "TCP");
            if (port["port"] is { } number)
                port.Default("targetPort", number.DeepClone());
        }
    }

    private static void Pod(JsonObject spec)
    {
        spec.Default("restartPolicy", "Always");
        spec.Default("terminationGracePeriodSeconds", 30);
        spec.Default("dnsPolicy", "ClusterFirst");
        spec.Default("schedulerName", "default-scheduler");
        spec.Default("securityContext", new JsonObject());
        foreach (var container in spec.Items("containers").Concat(spec.Items("initContainers")))
            Container(container);
        foreach (var volume in spec.Items("volumes"))
        {
            foreach (var source in new[] { "configMap", "secret" })
                (volume[source] as JsonObject)?.Default("defaultMode", 420);
        }
    }

    private static void Container(JsonObject container)
    {
        container.Default("resources", new JsonObject());
        container.Default("terminationMessagePath", "/dev/termination-log");
        container.Default("terminationMessagePolicy", "File");
        var image = container.Text("image") ?? "";
        var last = image[(image.LastIndexOf('/') + 1)..];
        container.Default("imagePullPolicy",
            !last.Contains(':') || last.EndsWith(":latest", StringComparison.Ordinal) ? "Always" : "IfNotPresent");
        foreach (var port in container.Items("ports"))
            port.Default("protocol", "TCP");
        foreach (var name in new[] { "readinessProbe", "livenessProbe", "startupProbe" })
        {
            if (container[name] is not JsonObject probe)
                continue;
            probe.Default("timeoutSeconds", 1);
            probe.Default("periodSeconds", 10);
            probe.Default("successThreshold", 1);
            probe.Default("failureThreshold", 3);
            (probe["httpGet"] as JsonObject)?.Default("scheme", "HTTP");
        }
    }
}
