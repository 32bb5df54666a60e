using System.Xml;
using System.Xml.Linq;

namespace Heal.Healing;

/// <summary>
/// What a domain's metadata says that it should be, and how far the healer may go: the element <c>vm</c> under
/// <see cref="MachineNames.VmNamespace"/>. Written by the VM manager or by a person (<c>virsh metadata</c>).
/// </summary>
/// <param name="Desired"><c>running</c>, <c>stopped</c>, or null when it does not say.</param>
/// <param name="Autonomy">As written, or null when it does not say.</param>
/// <param name="Fault">What is wrong with the mark; null when nothing is. A mark that cannot be read allows nothing.</param>
public sealed record MachineMark(string? Definition, string? Desired, string? Autonomy, string? Fault = null)
{
    /// <summary>The value of <c>ha</c> that wants the guest to be restarted on another host when its own is dead.</summary>
    public const string Restart = "restart";

    /// <summary><c>restart</c>, <c>none</c>, or null when it does not say.</summary>
    public string? Ha { get; init; }

    public const string Running = "running";
    public const string Stopped = "stopped";

    /// <returns>Null when there is no mark at all.</returns>
    public static MachineMark? Read(string? xml)
    {
        if (string.IsNullOrWhiteSpace(xml)) return null;
        if (SmallXml.Read(xml) is not { } element) return new MachineMark(null, null, null, "it is no XML element that can be read");
        if (element.Name.LocalName != "vm")
        {
            return new MachineMark(null, null, null, $"expected the element vm, got '{SafeText.Line(element.Name.LocalName, 40)}'");
        }

        var desired = Text(element, "desired");
        var fault = desired is null or Running or Stopped
            ? null : $"desired: expected running or stopped, got '{SafeText.Line(desired, 40)}'";
        var ha = Text(element, "ha");
        if (ha is not (null or Restart or "none")) fault ??= $"ha: expected {Restart} or none, got '{SafeText.Line(ha, 40)}'";
        return new MachineMark(Text(element, "definition"), fault is null ? desired : null, Text(element, "autonomy"), fault)
        {
            Ha = fault is null ? ha : null,
        };
    }

    /// <summary>The autonomy that the mark gives; null when it gives none.</summary>
    public AutonomySetting? Setting(string domain)
    {
        var source = $"metadata {MachineNames.VmNamespace} of domain {SafeText.Line(domain, 100)}";
        if (Fault is not null) return new AutonomySetting(Healing.Autonomy.Observe, $"{source}: {Fault}");
        return Autonomy switch
        {
            null => null,
            "observe" => new AutonomySetting(Healing.Autonomy.Observe, source),
            "advise" => new AutonomySetting(Healing.Autonomy.Advise, source),
            "approve" => new AutonomySetting(Healing.Autonomy.Approve, source),
            "act" => new AutonomySetting(Healing.Autonomy.Act, source),
            _ => new AutonomySetting(Healing.Autonomy.Observe,
                $"{source} says '{SafeText.Line(Autonomy, 40)}'; expected observe, advise, approve or act"),
        };
    }

    private static string? Text(XElement element, string name) => (string?)element.Attribute(name) is { Length: > 0 } text ? text : null;
}

/// <summary>
/// What an action of ours leaves on a domain: the element <c>operation</c> under <see cref="MachineNames.OperationNamespace"/>. Written
/// once before libvirt is asked (<see cref="IsDone"/> false), and again after it has answered.
/// </summary>
/// <param name="Key">The operation's idempotency key.</param>
/// <param name="Run">The domain's id when it was written: of the run that the operation is about; null when it did not run.</param>
/// <param name="Restarts">The operation ends that run in order to start another one, and has not done so yet.</param>
/// <param name="Removes">The alias, or else the target, of the device that the operation takes away; null for none.</param>
/// <param name="HeldSince">The operation holds that run paused, in order to let it go on later, and this is when it was last at it; null:
/// it does not, or no longer.</param>
public sealed record OperationMark(
    string Key, int? Run, bool IsDone, bool Restarts = false, string? Removes = null, DateTimeOffset? HeldSince = null)
{
    public static OperationMark? Read(string? xml)
    {
        if (SmallXml.Read(xml) is not { } element || (string?)element.Attribute("key") is not { Length: > 0 } key) return null;
        var run = int.TryParse(
            (string?)element.Attribute("run"), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture,
            out var id) ? id : (int?)null;
        var removes = (string?)element.Attribute("removes") is { Length: > 0 } device ? device : null;
        var held = DateTimeOffset.TryParseExact(
            (string?)element.Attribute("held-since"), "O", System.Globalization.CultureInfo.InvariantCulture,
            System.Globalization.DateTimeStyles.RoundtripKind, out var since) ? since : (DateTimeOffset?)null;
        return new OperationMark(key, run, IsTrue("done"), IsTrue("restarts"), removes, held);

        bool IsTrue(string name) => (string?)element.Attribute(name) == "true";
    }

    public string ToXml() => new XElement(
        "operation", new XAttribute("key", Key), Run is { } run ? new XAttribute("run", run) : null,
        new XAttribute("done", IsDone ? "true" : "false"), Restarts ? new XAttribute("restarts", "true") : null,
        Removes is { } device ? new XAttribute("removes", device) : null,
        HeldSince is { } at ? new XAttribute("held-since", at.ToString("O", System.Globalization.CultureInfo.InvariantCulture)) : null)
        .ToString(SaveOptions.DisableFormatting);
}

/// <summary>Reads XML from outside: bounded, and without document types or anything that they could reach.</summary>
public static class SmallXml
{
    /// <summary>Characters of one document. The largest domains have some tens of KiB.</summary>
    public const int MaxLength = 1024 * 1024;

    private static readonly XmlReaderSettings Settings = new()
    {
        DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null, MaxCharactersInDocument = MaxLength, IgnoreComments = true,
        IgnoreProcessingInstructions = true,
    };

    /// <returns>Null when it is none that can be read.</returns>
    public static XElement? Read(string? xml)
    {
        if (string.IsNullOrWhiteSpace(xml) || xml.Length > MaxLength) return null;
        try
        {
            using var text = new StringReader(xml);
            using var reader = XmlReader.Create(text, Settings);
            return XElement.Load(reader);
        }
        catch (XmlException)
        {
            return null;
        }
    }
}
