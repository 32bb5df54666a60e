using System.Globalization;
using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes.Models;

namespace Heal.Bench.Kubernetes.Load;

/// <summary>Objects of the size and shape of those of a real cluster.</summary>
internal static class Objects
{
    /// <summary>Holds the moment when the last change was sent.</summary>
    private const string SentAnnotation = "bench.heal/sent";

    public static string PodName(int number) => $"web-{number / 10:x4}-7c9d8b6f5d-{number:x5}";

    /// <summary>A pod that no scheduler and no kubelet takes: on the simulator bound to a node that is not there.</summary>
    public static JsonObject Pod(int number, bool isSimulated)
    {
        var app = $"web-{number / 10:x4}";
        var spec = JsonNode.Parse($$$"""
            {"schedulerName":"none","restartPolicy":"Always","terminationGracePeriodSeconds":30,"dnsPolicy":"ClusterFirst",
             "enableServiceLinks":false,"automountServiceAccountToken":false,"securityContext":{"runAsNonRoot":true,"runAsUser":1000},
             "tolerations":[{"key":"node.kubernetes.io/not-ready","operator":"Exists","effect":"NoExecute","tolerationSeconds":300},
               {"key":"node.kubernetes.io/unreachable","operator":"Exists","effect":"NoExecute","tolerationSeconds":300}],
             "volumes":[{"name":"config","configMap":{"name":"{{{app}}}","defaultMode":420}},{"name":"tmp","emptyDir":{}}],
             "containers":[{{{Container(app, "main", 8080)}}},{{{Container(app, "proxy", 15001)}}}]}
            """)!;
        if (isSimulated)
            spec["nodeName"] = $"bench-{number % 100}";
        return new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Pod",
            ["metadata"] = new JsonObject
            {
                ["name"] = PodName(number),
                ["namespace"] = Settings.Namespace,
                ["labels"] = new JsonObject
                {
                    ["app.kubernetes.io/name"] = app, ["app.kubernetes.io/part-of"] = "shop", ["pod-template-hash"] = "7c9d8b6f5d",
                    ["tier"] = "backend",
                },
                ["annotations"] = new JsonObject
                {
                    ["checksum/config"] = "3f79bb7b435b05321651daefd374cdc681dc06faa65e374e38337b88ca046dea",
                    ["prometheus.io/scrape"] = "true", ["prometheus.io/port"] = "9090",
                },
            },
            ["spec"] = spec,
        };
    }

    public static JsonObject PodStatus(int number) => new()
    {
        ["status"] = JsonNode.Parse($$"""
            {"phase":"Running","hostIP":"10.0.0.{{number % 250}}","podIP":"10.1.{{number / 250}}.{{number % 250}}",
             "podIPs":[{"ip":"10.1.{{number / 250}}.{{number % 250}}"}],"qosClass":"Burstable","startTime":"2026-01-01T00:00:00Z",
             "conditions":[{{Condition("Initialized")}},{{Condition("Ready")}},
               {{Condition("ContainersReady")}},{{Condition("PodScheduled")}}],
             "containerStatuses":[{{ContainerStatus("main", number)}},{{ContainerStatus("proxy", number)}}]}
            """),
    };

    /// <summary>What a kubelet says of a pod.</summary>
    public static JsonObject Event(int number)
    {
        var isWarning = number % Settings.EventsPerWarning == 0;
        return JsonNode.Parse($$$"""
            {"apiVersion":"v1","kind":"Event",
             "metadata":{"name":"{{{PodName(number)}}}.17a0{{{number:x12}}}","namespace":"{{{Settings.Namespace}}}"},
             "involvedObject":{"kind":"Pod","namespace":"{{{Settings.Namespace}}}","name":"{{{PodName(number)}}}","apiVersion":"v1",
               "fieldPath":"spec.containers{main}"},
             "reason":"{{{(isWarning ? "Unhealthy" : "Started")}}}","type":"{{{(isWarning ? "Warning" : "Normal")}}}",
             "message":"{{{(isWarning ? "Readiness probe failed: HTTP probe failed with statuscode: 503" : "Started container main")}}}",
             "source":{"component":"kubelet","host":"bench-{{{number % 100}}}"},"count":1,
             "firstTimestamp":"2026-01-01T00:00:00Z","lastTimestamp":"2026-01-01T00:00:00Z"}
            """)!.AsObject();
    }

    public static JsonObject Deployment(int number) => Deployment($"web-{number:x4}", Settings.Namespace, replicas: 0);

    /// <summary>A Deployment whose pods no scheduler takes; a simulator does not mind that.</summary>
    public static JsonObject Deployment(string app, string ns, int replicas) => JsonNode.Parse($$$"""
        {"apiVersion":"apps/v1","kind":"Deployment",
         "metadata":{"name":"{{{app}}}","namespace":"{{{ns}}}","labels":{"app.kubernetes.io/name":"{{{app}}}"}},
         "spec":{"replicas":{{{replicas}}},"selector":{"matchLabels":{"app.kubernetes.io/name":"{{{app}}}"}},
           "template":{"metadata":{"labels":{"app.kubernetes.io/name":"{{{app}}}"}},
             "spec":{"schedulerName":"none","automountServiceAccountToken":false,
               "volumes":[{"name":"config","emptyDir":{}},{"name":"tmp","emptyDir":{}}],
               "containers":[{{{Container(app, "main", 8080, withSecret: replicas == 0)}}}]} } } }
        """)!.AsObject();

    /// <summary>The change of a pod that carries when it was sent, and nothing else.</summary>
    public static JsonObject Change(DateTimeOffset sent) => new()
    {
        ["metadata"] = new JsonObject
        {
            ["annotations"] = new JsonObject { [SentAnnotation] = sent.UtcTicks.ToString(CultureInfo.InvariantCulture) },
        },
    };

    /// <summary>A change that nobody counts.</summary>
    public static JsonObject WarmUp(int round) => new()
    {
        ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { ["bench.heal/warm-up"] = $"{round}" } },
    };

    /// <summary>The status of a pod that crashes, which carries when it was sent.</summary>
    public static JsonObject CrashedStatus(DateTimeOffset sent) => new()
    {
        ["status"] = JsonNode.Parse($$$"""
            {"message":"{{{sent.UtcTicks.ToString(CultureInfo.InvariantCulture)}}}",
             "containerStatuses":[{"name":"main","state":{"waiting":{"reason":"CrashLoopBackOff","message":"back-off 40s restarting"}},
               "lastState":{"terminated":{"exitCode":1,"reason":"Error",
                 "startedAt":"2026-01-01T00:00:00Z","finishedAt":"2026-01-01T00:00:01Z"}},
               "ready":false,"started":false,"restartCount":5,"image":"registry.example/web/main:1.4.2","imageID":""}]}
            """),
    };

    /// <summary>The status of a pod whose image does not come.</summary>
    public static JsonObject WaitingStatus(string image) => new()
    {
        ["status"] = JsonNode.Parse($$$"""
            {"phase":"Pending","conditions":[{"type":"Ready","status":"False","reason":"ContainersNotReady"}],
             "containerStatuses":[{"name":"main","state":{"waiting":{"reason":"ImagePullBackOff","message":"Back-off pulling image"}},
               "lastState":{},"ready":false,"started":false,"restartCount":0,"image":"{{{image}}}","imageID":""}]}
            """),
    };

    /// <summary>When the last change of a pod was sent; null when there was none.</summary>
    public static DateTimeOffset? Sent(Pod? pod) =>
        long.TryParse(
            IsBroken(pod) ? pod!.Status!.Message : pod?.Metadata.Annotation(SentAnnotation), CultureInfo.InvariantCulture, out var ticks)
            ? new DateTimeOffset(ticks, TimeSpan.Zero)
            : null;

    public static bool IsBroken(Pod? pod) => pod?.Status?.Message is not null;

    private static string Container(string app, string name, int port, bool withSecret = true) => $$$"""
        {"name":"{{{name}}}","image":"registry.example/{{{app}}}/{{{name}}}:1.4.2","imagePullPolicy":"IfNotPresent",
         "ports":[{"name":"http","containerPort":{{{port}}},"protocol":"TCP"}],
         "env":[{"name":"LOG_LEVEL","value":"info"},{"name":"REGION","value":"eu-central-1"}{{{(withSecret ? Secret(app) : "")}}}],
         "resources":{"requests":{"cpu":"100m","memory":"128Mi"},"limits":{"memory":"256Mi"}},
         "livenessProbe":{"httpGet":{"path":"/healthz","port":{{{port}}},"scheme":"HTTP"},"periodSeconds":10,"timeoutSeconds":1,
           "successThreshold":1,"failureThreshold":3},
         "readinessProbe":{"httpGet":{"path":"/readyz","port":{{{port}}},"scheme":"HTTP"},"periodSeconds":5,"timeoutSeconds":1,
           "successThreshold":1,"failureThreshold":3},
         "volumeMounts":[{"name":"config","mountPath":"/etc/app","readOnly":true},{"name":"tmp","mountPath":"/tmp"}],
         "terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File",
         "securityContext":{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]} } }
        """;

    // Not for pods that a simulated kubelet starts: it looks for the Secret.
    private static string Secret(string app) =>
        $$$""",{"name":"DATABASE_URL","valueFrom":{"secretKeyRef":{"name":"{{{app}}}-db","key":"url"} } }""";

    private static string Condition(string type) =>
        $$"""{"type":"{{type}}","status":"True","lastProbeTime":null,"lastTransitionTime":"2026-01-01T00:00:00Z"}""";

    private static string ContainerStatus(string name, int number) => $$$"""
        {"name":"{{{name}}}","state":{"running":{"startedAt":"2026-01-01T00:00:00Z"}},"lastState":{},"ready":true,"started":true,
         "restartCount":0,"image":"registry.example/web/{{{name}}}:1.4.2",
         "imageID":"registry.example/web/{{{name}}}@sha256:3f79bb7b435b05321651daefd374cdc681dc06faa65e374e38337b88ca046dea",
         "containerID":"containerd://3f79bb7b435b05321651daefd374cdc681dc06faa65e374e38337b88c{{{number:x8}}}"}
        """;
}
