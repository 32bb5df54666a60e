using System.Security.Cryptography;
using System.Text;

namespace Heal.EndToEnd.Tests;

/// <summary>Payloads in the form that Alertmanager posts, version 4.</summary>
internal static class Alerts
{
    public static string CrashLooping(string pod, DateTimeOffset startsAt) => Payload(Alert(
        "KubePodCrashLooping",
        startsAt,
        $"\"namespace\":\"{SimulatedCluster.Namespace}\",\"pod\":\"{pod}\",\"container\":\"main\",\"reason\":\"CrashLoopBackOff\","
        + "\"job\":\"kube-state-metrics\",\"severity\":\"warning\""));

    public static string RolloutStuck(string deployment, DateTimeOffset startsAt) => Payload(Alert(
        "KubeDeploymentRolloutStuck",
        startsAt,
        $"\"namespace\":\"{SimulatedCluster.Namespace}\",\"deployment\":\"{deployment}\",\"condition\":\"Progressing\","
        + "\"job\":\"kube-state-metrics\",\"severity\":\"warning\""));

    public static string Payload(params string[] alerts) => $$$"""
        {"version":"4","groupKey":"{}:{namespace=\"shop\"}","truncatedAlerts":0,"status":"firing","receiver":"heal",
         "groupLabels":{},"commonLabels":{},"commonAnnotations":{},"externalURL":"http://127.0.0.1:9093",
         "alerts":[{{{string.Join(',', alerts)}}}]}
        """;

    public static string Alert(string name, DateTimeOffset startsAt, string labels)
    {
        string fingerprint = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(labels + name)).AsSpan(0, 8));
        return $$$"""
        {"status":"firing","labels":{"alertname":"{{{name}}}",{{{labels}}}},"annotations":{"summary":"a test raised this"},
         "startsAt":"{{{startsAt:yyyy-MM-ddTHH:mm:ss.fffZ}}}","endsAt":"0001-01-01T00:00:00Z","generatorURL":"http://127.0.0.1:9090/graph",
         "fingerprint":"{{{fingerprint}}}"}
        """;
    }
}
