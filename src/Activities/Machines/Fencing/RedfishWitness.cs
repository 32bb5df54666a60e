using Microsoft.Extensions.Options;

namespace Heal.Activities;

/// <summary>By Redfish (<see cref="RedfishSystem"/>). Certificates are verified.</summary>
internal sealed class RedfishWitness(HttpClient http, IOptionsMonitor<MachineOptions> options, TimeProvider time)
    : PowerWitness(options, time)
{
    private readonly RedfishSystem _systems = new(http);

    public override string Name => "redfish";

    protected override bool Has(HostFencingOptions settings) => settings.Redfish is not null;

    protected override Task<PowerState> ReadAsync(string host, HostFencingOptions settings, CancellationToken cancellationToken) =>
        AskAsync(() => _systems.ReadAsync(host, settings.Redfish!, cancellationToken));

    protected override Task SwitchOffAsync(string host, HostFencingOptions settings, CancellationToken cancellationToken) => AskAsync(
        async () =>
        {
            await _systems.SwitchAsync(host, settings.Redfish!, on: false, cancellationToken);
            return PowerState.Changing;
        });

    private async Task<PowerState> AskAsync(Func<Task<PowerState>> ask)
    {
        try
        {
            return await ask();
        }
        catch (NodePowerException e)
        {
            throw new FencingException(Name, e.Message, e);
        }
    }
}
