using Heal.Healing;
using Microsoft.Extensions.Options;

namespace Heal.Activities;

/// <summary>
/// Switches a host off by its management controller, and confirms that it is off. Everything that ran on the host has ended then, not only
/// the guests that are to be restarted.
/// </summary>
/// <remarks>What it cannot know is whether the controller in the settings is that of this host.</remarks>
internal abstract class PowerWitness(IOptionsMonitor<MachineOptions> options, TimeProvider time) : IFencingWitness
{
    /// <summary>Between two looks at a host that is going off.</summary>
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    public abstract string Name { get; }

    public WitnessKind Kind => WitnessKind.Power;

    public bool Knows(string host) => Settings(host) is { } settings && Has(settings);

    public async Task<Testimony> FenceAsync(FencingOrder order, CancellationToken cancellationToken)
    {
        if (Settings(order.Host) is not { } settings || !Has(settings))
        {
            throw new FencingException(Name, $"no controller of host {order.Host} is set");
        }

        for (var wasAsked = false; ; wasAsked = true)
        {
            var at = time.GetUtcNow();
            if (await ReadAsync(order.Host, settings, cancellationToken) == PowerState.Off)
            {
                return new Testimony(null, $"its host was {(wasAsked ? "switched" : "found")} off", at);
            }

            if (!wasAsked) await SwitchOffAsync(order.Host, settings, cancellationToken);
            await Task.Delay(LookEvery, time, cancellationToken);
        }
    }

    protected abstract bool Has(HostFencingOptions settings);

    protected abstract Task<PowerState> ReadAsync(string host, HostFencingOptions settings, CancellationToken cancellationToken);

    /// <summary>Asking for what is so already changes nothing.</summary>
    protected abstract Task SwitchOffAsync(string host, HostFencingOptions settings, CancellationToken cancellationToken);

    private HostFencingOptions? Settings(string host) => options.CurrentValue.Fencing.Hosts.GetValueOrDefault(host);
}
