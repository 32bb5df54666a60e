using Heal.Drivers.Libvirt.Connections;
using Microsoft.Extensions.Logging.Abstractions;

namespace Heal.Drivers.Libvirt.Tests;

/// <summary>Hosts and documents for tests.</summary>
internal static class Some
{
    public const string Default = "test:///default";

    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private static int s_lastName;

    /// <summary>Connections to test:///default share one world in a process: names must not meet.</summary>
    public static string Name(string prefix = "vm") => $"{prefix}-{Interlocked.Increment(ref s_lastName)}";

    public static LibvirtHost Host(
        string uri = Default, bool readOnly = false, Action<LibvirtHostOptions>? configure = null, TimeProvider? time = null,
        Func<LibvirtLink>? open = null)
    {
        var options = new LibvirtHostOptions { Uri = uri, ReadOnly = readOnly };
        configure?.Invoke(options);
        return new LibvirtHost("here", options, time ?? TimeProvider.System, NullLogger.Instance, open);
    }

    public static LibvirtLink Link(string uri = Default) => LibvirtLink.Open(uri, readOnly: false, keepAliveSeconds: 5, keepAliveCount: 3);

    public static string Domain(string name, Guid? uuid = null, string extra = "") =>
        $"""
        <domain type='test'>
          <name>{System.Security.SecurityElement.Escape(name)}</name>
          <uuid>{uuid ?? Guid.NewGuid()}</uuid>
          <memory unit='KiB'>524288</memory>
          <currentMemory unit='KiB'>262144</currentMemory>
          <vcpu current='1'>2</vcpu>
          <os><type arch='i686'>hvm</type></os>
          <on_crash>destroy</on_crash>
          <devices>
            <disk type='file' device='disk'><source file='/guest/{uuid}.img'/><target dev='vda' bus='virtio'/></disk>
          </devices>
          {extra}
        </domain>
        """;

    public static string Pool(string name, string path) =>
        $"<pool type='dir'><name>{name}</name><target><path>{path}</path></target></pool>";

    public static string Volume(string name, long bytes = 1 << 20) =>
        $"<volume><name>{name}</name><capacity unit='bytes'>{bytes}</capacity><target><format type='qcow2'/></target></volume>";

    public static string Network(string name) =>
        $"<network><name>{name}</name><bridge name='br-{name}'/><ip address='10.77.0.1' netmask='255.255.255.0'/></network>";
}
