using System.Globalization;
using Heal.Healing;
using Microsoft.Extensions.Options;

namespace Heal.Activities;

/// <summary>
/// By IPMI 2.0 over LAN, with <c>ipmitool</c> (Debian's package of this name). The program reads the password from its file: it is in no
/// argument and in no environment.
/// </summary>
internal sealed class IpmiWitness(IHostCommands commands, IOptionsMonitor<MachineOptions> options, TimeProvider time)
    : PowerWitness(options, time)
{
    /// <summary>Of one call: ipmitool asks a controller that is silent several times by itself.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    public override string Name => "ipmi";

    protected override bool Has(HostFencingOptions settings) => settings.Ipmi is not null;

    protected override async Task<PowerState> ReadAsync(string host, HostFencingOptions settings, CancellationToken cancellationToken) =>
        await RunAsync(settings.Ipmi!, "status", cancellationToken) switch
        {
            // Its last line: what goes before are warnings of the session.
            var said when said.EndsWith("Chassis Power is off", StringComparison.Ordinal) => PowerState.Off,
            var said when said.EndsWith("Chassis Power is on", StringComparison.Ordinal) => PowerState.On,
            var said => throw new FencingException(Name, $"expected the power's state from ipmitool, got '{SafeText.Line(said, 200)}'"),
        };

    protected override Task SwitchOffAsync(string host, HostFencingOptions settings, CancellationToken cancellationToken) =>
        RunAsync(settings.Ipmi!, "off", cancellationToken);

    private async Task<string> RunAsync(IpmiOptions ipmi, string verb, CancellationToken cancellationToken)
    {
        List<string> command =
        [
            "ipmitool", "-I", "lanplus", "-H", ipmi.Address, "-p", ipmi.Port.ToString(CultureInfo.InvariantCulture), "-U", ipmi.User, "-f",
            ipmi.PasswordFile,
        ];
        if (ipmi.CipherSuite is { } suite) command.AddRange(["-C", suite.ToString(CultureInfo.InvariantCulture)]);
        command.AddRange(["chassis", "power", verb]);
        try
        {
            var (exit, said) = await commands.RunAsync(command, Limit, cancellationToken);
            return exit == 0 ? said : throw new FencingException(Name, string.Create(
                CultureInfo.InvariantCulture, $"ipmitool ended with {exit}: {SafeText.Line(said, 200)}"));
        }
        catch (HostCommandException e)
        {
            throw new FencingException(Name, e.Message, e);
        }
    }
}
