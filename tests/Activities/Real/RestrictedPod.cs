using System.Text.Json.Nodes;

namespace Heal.Activities.Tests;

/// <summary>
/// What the level "restricted" of the Pod Security Standards asks of a pod, control by control, and pods that break one control each.
/// Written from the standard's list, for API servers that do not judge by it themselves (before 1.23).
/// </summary>
internal static class RestrictedPod
{
    private static readonly string[] VolumeTypes =
        ["configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"];

    private static readonly string[] SafeSysctls =
    [
        "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start", "net.ipv4.tcp_syncookies",
        "net.ipv4.ping_group_range", "net.ipv4.ip_local_reserved_ports", "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes",
    ];

    private static readonly string[] ContainerLists = ["containers", "initContainers", "ephemeralContainers"];

    /// <param name="OldPoliciesSee">A PodSecurityPolicy refuses it too; the rest it would mend or does not know.</param>
    internal sealed record Breach(string Name, string Control, bool OldPoliciesSee, Action<JsonObject, JsonObject> Break)
    {
        public JsonObject Of(JsonObject pod)
        {
            var worse = pod.DeepClone().AsObject();
            var spec = worse["spec"]!.AsObject();
            Break(spec, spec["containers"]![0]!.AsObject());
            return worse;
        }
    }

    public static IReadOnlyList<Breach> Breaches { get; } =
    [
        new("host network", "host namespaces", true, (pod, _) => pod["hostNetwork"] = true),
        new("host processes", "host namespaces", true, (pod, _) => pod["hostPID"] = true),
        new("host memory", "host namespaces", true, (pod, _) => pod["hostIPC"] = true),
        new("Windows host process", "host process", false,
            (pod, _) => pod["securityContext"]!["windowsOptions"] = JsonNode.Parse("""{ "hostProcess": true }""")),
        new("privileged", "privileged", true, (_, container) => container["securityContext"]!["privileged"] = true),
        new("privilege escalation", "privilege escalation", true,
            (_, container) => container["securityContext"]!["allowPrivilegeEscalation"] = true),
        new("privilege escalation not said", "privilege escalation", false,
            (_, container) => container["securityContext"]!.AsObject().Remove("allowPrivilegeEscalation")),
        new("a capability", "capabilities", true,
            (_, container) => container["securityContext"]!["capabilities"]!["add"] = new JsonArray("SYS_ADMIN")),
        new("capabilities kept", "capabilities", false,
            (_, container) => container["securityContext"]!["capabilities"]!.AsObject().Remove("drop")),
        new("a folder of the host", "volume types", true,
            (pod, _) => pod["volumes"]!.AsArray().Add(JsonNode.Parse("""{ "name": "host", "hostPath": { "path": "/" } }"""))),
        new("a port of the host", "host ports", true, (_, container) => container["ports"]![0]!["hostPort"] = 7071),
        new("AppArmor off", "AppArmor", false,
            (pod, _) => pod["securityContext"]!["appArmorProfile"] = JsonNode.Parse("""{ "type": "Unconfined" }""")),
        new("another SELinux type", "SELinux", false,
            (pod, _) => pod["securityContext"]!["seLinuxOptions"] = JsonNode.Parse("""{ "type": "spc_t" }""")),
        new("unmasked /proc", "/proc mount", true, (_, container) => container["securityContext"]!["procMount"] = "Unmasked"),
        new("seccomp off", "seccomp", true,
            (_, container) => container["securityContext"]!["seccompProfile"] = JsonNode.Parse("""{ "type": "Unconfined" }""")),
        new("seccomp not said", "seccomp", false, (pod, _) => pod["securityContext"]!.AsObject().Remove("seccompProfile")),
        new("a sysctl of the host", "sysctls", true,
            (pod, _) => pod["securityContext"]!["sysctls"] = JsonNode.Parse("""[ { "name": "kernel.msgmax", "value": "65536" } ]""")),
        new("root", "runs as user", true, (pod, _) => pod["securityContext"]!["runAsUser"] = 0),
        new("may be root", "runs as non-root", false, (_, container) => container["securityContext"]!["runAsNonRoot"] = false),
        new("root not excluded", "runs as non-root", false, (pod, _) => pod["securityContext"]!.AsObject().Remove("runAsNonRoot")),
        new("a probe of another host", "probe hosts", false,
            (_, container) => container["livenessProbe"]!["httpGet"]!["host"] = "169.254.169.254"),
    ];

    /// <summary>The pod that the Deployment makes.</summary>
    public static JsonObject Shipped()
    {
        var file = Path.Combine(Deployed.Base, "deployment.yaml");
        var template = ManifestReader.Read(File.ReadAllText(ControlPlane.PathOf(file))).Single().At("spec", "template")!;
        var pod = template.DeepClone().AsObject();
        (pod["metadata"]!["name"], pod["metadata"]!["namespace"]) = ("heal", "heal");
        return pod;
    }

    /// <summary>The controls that it breaks.</summary>
    public static IEnumerable<string> BrokenBy(JsonObject pod)
    {
        var spec = pod["spec"]!.AsObject();
        var own = spec["securityContext"] as JsonObject;
        var containers = ContainerLists.SelectMany(list => spec.Items(list)).ToList();
        var contexts = containers.Select(container => container["securityContext"] as JsonObject).ToList();
        var all = contexts.Append(own).ToList();
        (string Control, bool Holds)[] controls =
        [
            ("host namespaces", !spec.IsTrue("hostNetwork") && !spec.IsTrue("hostPID") && !spec.IsTrue("hostIPC")),
            ("host process", all.All(context => !context.IsTrue("windowsOptions", "hostProcess"))),
            ("privileged", contexts.All(context => !context.IsTrue("privileged"))),
            ("privilege escalation", contexts.All(context => context.At("allowPrivilegeEscalation")?.GetValue<bool>() == false)),
            ("capabilities", contexts.All(context => Words(context, "capabilities", "drop").Contains("ALL")
                && Words(context, "capabilities", "add").All(word => word == "NET_BIND_SERVICE"))),
            ("volume types", spec.Items("volumes").SelectMany(volume => volume.Select(field => field.Key))
                .All(key => key == "name" || VolumeTypes.Contains(key))),
            ("host ports", containers.SelectMany(container => container.Items("ports")).All(port => port.Whole("hostPort") is null or 0)),
            ("AppArmor", all.All(context => context.Text("appArmorProfile", "type") is null or "RuntimeDefault" or "Localhost")),
            ("SELinux", all.All(context => context.At("seLinuxOptions") is null)),
            ("/proc mount", contexts.All(context => context.Text("procMount") is null or "Default")),
            ("seccomp", contexts.All(context => (context.Text("seccompProfile", "type") ?? own.Text("seccompProfile", "type"))
                is "RuntimeDefault" or "Localhost")),
            ("sysctls", own.Items("sysctls").All(sysctl => SafeSysctls.Contains(sysctl.Text("name")))),
            ("runs as user", all.All(context => context.Whole("runAsUser") != 0)),
            ("runs as non-root", contexts.All(context =>
                (context.At("runAsNonRoot") ?? own.At("runAsNonRoot"))?.GetValue<bool>() == true)),
            ("probe hosts", containers.SelectMany(Probes).All(probe => string.IsNullOrEmpty(probe.Text("httpGet", "host"))
                && string.IsNullOrEmpty(probe.Text("tcpSocket", "host")))),
        ];
        return controls.Where(control => !control.Holds).Select(control => control.Control);
    }

    private static IEnumerable<JsonObject> Probes(JsonObject container) =>
        new[] { container["startupProbe"], container["livenessProbe"], container["readinessProbe"], container.At("lifecycle", "postStart"),
            container.At("lifecycle", "preStop") }.OfType<JsonObject>();

    private static IEnumerable<string> Words(JsonObject? context, params string[] path) =>
        context.At(path) is JsonArray words ? words.Select(word => word!.GetValue<string>()) : [];
}
