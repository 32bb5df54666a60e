using Heal.Healing;

namespace Heal.Activities;

/// <summary>Settings of fencing hosts and of restarting their guests elsewhere, section <c>Heal:Machines:Fencing</c>. Without any
/// nothing is ever started elsewhere.</summary>
public sealed class MachineFencingOptions
{
    public const string Section = $"{MachineOptions.Section}:Fencing";

    /// <summary>Signs proofs: base64 of at least 32 bytes. The same for all healers of one store. Default none, and nothing can be
    /// proven.</summary>
    public string Key { get; set; } = "";

    /// <summary>How long a proof counts, from the look on that it is about. Default 2 minutes; 10 s to 10 minutes.</summary>
    public TimeSpan Lifetime { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>How long one witness may take. Default 1 minute; 5 s to 5 minutes, and less than <see cref="Lifetime"/>.</summary>
    public TimeSpan WitnessTimeout { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>The witnesses, by host.</summary>
    public Dictionary<string, HostFencingOptions> Hosts { get; set; } = new(StringComparer.Ordinal);

    /// <summary>Folders that are one and the same storage on every host. Default none, and no guest has all its disks on it.</summary>
    public List<SharedStorageOptions> SharedStorage { get; set; } = [];

    /// <summary>Whether a guest is restarted elsewhere, by <c>host/domain</c> or by <c>host</c> for all of it, where its own mark does not
    /// say. Default none of them.</summary>
    public Dictionary<string, bool> Restart { get; set; } = new(StringComparer.Ordinal);
}

/// <summary>Who can say of a host that its guests are dead.</summary>
public sealed class HostFencingOptions
{
    /// <summary>Another way to the host's libvirt than <c>Heal:Libvirt:Hosts</c> has, for example over another network. Default
    /// none.</summary>
    public string HypervisorUri { get; set; } = "";

    /// <summary>Its management controller by IPMI over LAN. Default none.</summary>
    public IpmiOptions? Ipmi { get; set; }

    /// <summary>Its management controller by Redfish. Default none.</summary>
    public FencingController? Redfish { get; set; }
}

/// <summary>A management controller that speaks IPMI 2.0 over LAN.</summary>
public sealed class IpmiOptions
{
    /// <summary>Name or address.</summary>
    public string Address { get; set; } = "";

    /// <summary>Default 623.</summary>
    public int Port { get; set; } = 623;

    public string User { get; set; } = "";

    /// <summary>A file with the password, read anew for each call.</summary>
    public string PasswordFile { get; set; } = "";

    /// <summary>The number of the cipher suite, for example 17 (or 3, for old controllers). Default none: ipmitool asks the controller,
    /// which takes ten seconds where it does not say.</summary>
    public int? CipherSuite { get; set; }
}

/// <summary>A folder of shared storage.</summary>
public sealed class SharedStorageOptions
{
    /// <summary>As the hosts have it.</summary>
    public string Path { get; set; } = "";

    /// <summary>Where the healer has it mounted itself, to look at the locks of images. Default nowhere.</summary>
    public string Here { get; set; } = "";
}

/// <summary>All faults of the section. Of the key never more than its length.</summary>
internal static class MachineFencingValidator
{
    private const int MaxFolders = 100;

    public static IEnumerable<string> FaultsOf(MachineFencingOptions options)
    {
        string? fault = null;
        var isConfigured = options.Hosts.Count > 0;
        if (options.Key.Length > 0) FencingKey.Read(options.Key, out fault);
        else if (isConfigured) fault = "nothing";
        if (fault is not null) yield return Fault("Key", $"base64 of at least {FencingKey.LeastBytes} bytes", fault);
        if (Outside(options.Lifetime, TimeSpan.FromSeconds(10), LongestLife))
        {
            yield return Fault("Lifetime", $"00:00:10 to {LongestLife}", options.Lifetime);
        }

        if (Outside(options.WitnessTimeout, TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(5)) || options.WitnessTimeout >= options.Lifetime)
        {
            yield return Fault("WitnessTimeout", "00:00:05 to 00:05:00, and less than Lifetime", options.WitnessTimeout);
        }

        if (options.SharedStorage.Count > MaxFolders)
        {
            yield return Fault("SharedStorage", $"at most {MaxFolders} folders", options.SharedStorage.Count);
        }

        foreach (var folder in options.SharedStorage)
        {
            if (!IsFolder(folder.Path)) yield return Fault("SharedStorage:Path", "an absolute path without ..", folder.Path);
            if (folder.Here.Length > 0 && !IsFolder(folder.Here))
            {
                yield return Fault("SharedStorage:Here", "an absolute path without .., or nothing", folder.Here);
            }
        }

        foreach (var (name, host) in options.Hosts)
        {
            foreach (var found in FaultsOf($"Hosts:{name}", host)) yield return found;
        }
    }

    /// <summary>Of any proof, whatever the settings say.</summary>
    public static readonly TimeSpan LongestLife = TimeSpan.FromMinutes(10);

    private static IEnumerable<string> FaultsOf(string subject, HostFencingOptions host)
    {
        if (host is { HypervisorUri: "", Ipmi: null, Redfish: null })
        {
            yield return Fault(subject, "HypervisorUri, Ipmi or Redfish", "none of them");
        }

        if (host.HypervisorUri.Length > 0 && !Uri.TryCreate(host.HypervisorUri, UriKind.Absolute, out _))
        {
            yield return Fault($"{subject}:HypervisorUri", "a libvirt URI", host.HypervisorUri);
        }

        foreach (var found in host.Ipmi is { } ipmi ? FaultsOf($"{subject}:Ipmi", ipmi) : []) yield return found;

        // A password in the clear would be everybody's power switch.
        if (host.Redfish is { } redfish
            && (redfish.System is not { IsAbsoluteUri: true } url || (url.Scheme != "https" && !url.IsLoopback)))
        {
            yield return Fault($"{subject}:Redfish:System", "an https URL of a Redfish system", $"{redfish.System}");
        }
    }

    private static IEnumerable<string> FaultsOf(string subject, IpmiOptions ipmi)
    {
        // It becomes an argument of a program: nothing that could be taken for an option.
        if (Uri.CheckHostName(ipmi.Address) == UriHostNameType.Unknown)
        {
            yield return Fault($"{subject}:Address", "a name or an address", ipmi.Address);
        }

        if (ipmi.Port is < 1 or > 65535) yield return Fault($"{subject}:Port", "1 to 65535", ipmi.Port);
        if (ipmi.User.Length > 16 || ipmi.User.StartsWith('-'))
        {
            yield return Fault($"{subject}:User", "at most 16 characters, not beginning with -", ipmi.User);
        }

        if (ipmi.CipherSuite is < 0 or > 255) yield return Fault($"{subject}:CipherSuite", "0 to 255, or nothing", ipmi.CipherSuite);
        if (!ipmi.PasswordFile.StartsWith('/')) yield return Fault($"{subject}:PasswordFile", "an absolute path", ipmi.PasswordFile);
    }

    private static bool IsFolder(string path) => path.Length > 1 && path[0] == '/' && !path.Split('/').Contains("..");

    private static bool Outside(TimeSpan got, TimeSpan least, TimeSpan most) => got < least || got > most;

    private static string Fault(string setting, string expected, object got) => string.Create(
        System.Globalization.CultureInfo.InvariantCulture, $"{MachineFencingOptions.Section}:{setting}: expected {expected}, got '{got}'.");
}
