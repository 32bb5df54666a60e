using System.Text.Json.Nodes;
using Heal.Simulator.Faults;
using Heal.Simulator.Objects;

namespace Heal.Simulator;

/// <summary>
/// The demo cluster: namespace <c>demo</c> with three healthy Deployments, and the rule that a ConfigMap with mode=broken crashes its
/// users.
/// </summary>
public static class DemoSeed
{
    private const string Manifest = """
        apiVersion: v1
        kind: Namespace
        metadata: { name: demo }
        """;

    /// <summary>Objects to give to <see cref="SimulatorOptions.Objects"/>.</summary>
    public static IReadOnlyList<JsonObject> Objects { get; } =
    [
        .. Yaml.ParseAll(Manifest).OfType<JsonObject>(),
        .. new[] { ("web", 3), ("api", 2), ("worker", 1) }.SelectMany(d => Deployment(d.Item1, d.Item2)),
    ];

    /// <summary>Any container that gets mode=broken from a ConfigMap ends with code 1 after two seconds.</summary>
    public static IReadOnlyList<FaultDescription> Faults { get; } =
    [
        new()
        {
            Name = "bad-mode",
            Match = new FaultMatch { ConfigMapKey = "mode", Value = "broken" },
            Crash = new CrashEffect(1, 2, "FATAL: configuration key 'mode': expected normal or fast, got 'broken'"),
        },
    ];

    private static IEnumerable<JsonObject> Deployment(string name, int replicas) => Yaml.ParseAll($$"""
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: {{name}}-config, namespace: demo, labels: { app: {{name}} } }
        data: { mode: normal }
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: {{name}}, namespace: demo, labels: { app: {{name}} } }
        spec:
          replicas: {{replicas}}
          selector: { matchLabels: { app: {{name}} } }
          template:
            metadata: { labels: { app: {{name}} } }
            spec:
              containers:
              - name: {{name}}
                image: registry.example/{{name}}:1.0
                ports: [ { containerPort: 8080 } ]
                readinessProbe: { httpGet: { path: /ready, port: 8080 } }
                resources: { requests: { cpu: 50m, memory: 64Mi }, limits: { memory: 128Mi } }
                volumeMounts: [ { name: config, mountPath: /etc/{{name}} } ]
              volumes:
              - name: config
                configMap: { name: {{name}}-config }
        """).OfType<JsonObject>();
}
