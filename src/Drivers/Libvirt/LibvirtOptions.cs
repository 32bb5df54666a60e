namespace Heal.Drivers.Libvirt;

/// <summary>The section <c>Heal:Libvirt</c>.</summary>
public sealed class LibvirtOptions
{
    /// <summary>Hosts by the names under which incidents will know them. None by default; then libvirt need not be installed.</summary>
    public IDictionary<string, LibvirtHostOptions> Hosts { get; } = new Dictionary<string, LibvirtHostOptions>(StringComparer.Ordinal);
}
