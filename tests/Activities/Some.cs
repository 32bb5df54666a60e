using Heal.Healing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Heal.Activities.Tests;

/// <summary>Signals to test with.</summary>
internal static class Some
{
    public static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    public static Signal Signal(string fingerprint, AlertStatus status = AlertStatus.Firing, params (string Name, string Value)[] labels)
    {
        var all = labels.Append(("alertname", "KubePodCrashLooping")).ToDictionary(label => label.Item1, label => label.Item2);
        return Healing.Signal.Of(
            new Alert("KubePodCrashLooping", status, all, new Dictionary<string, string>(), Noon, null, fingerprint),
            SignalSource.Queue,
            Noon);
    }

    public static Signal[] Signals(params string[] fingerprints) => [.. fingerprints.Select(fingerprint => Signal(fingerprint))];

    /// <summary>A store's unreadable rows, of which nobody is told.</summary>
    public static UnreadableRows UnreadableRows => new(NullLogger<UnreadableRows>.Instance);

    /// <summary>A domain that should run, may be acted on, and has one disk and room for its balloon.</summary>
    public static string Domain(string name, string image) => $"""
        <domain type='qemu'><name>{name}</name><memory unit='KiB'>262144</memory><currentMemory unit='KiB'>131072</currentMemory>
        <vcpu>1</vcpu><on_crash>destroy</on_crash>
        <metadata><heal:vm xmlns:heal='urn:heal:vm:1' desired='running' autonomy='act'/></metadata>
        <devices><disk type='file' device='disk'><source file='{image}'/><target dev='vda'/></disk></devices></domain>
        """;
}
