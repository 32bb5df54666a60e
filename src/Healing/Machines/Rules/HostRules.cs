using System.Globalization;

namespace Heal.Healing;

/// <summary>The host does not answer, and has not for a while.</summary>
internal sealed class HypervisorDownRule : IMachineRule
{
    private const string Cause = MachineCauses.HypervisorDown;

    public MachineFinding Judge(MachineSight sight)
    {
        var host = sight.Host;
        if (host.Reachable) return MachineFinding.Reject(Cause, $"host {host.Name} answers", host.Id);
        if (host.Refuses) return MachineFinding.Reject(Cause, $"host {host.Name} answers, and refuses: {host.Reason}", host.Id);
        if (host.Maintenance is { } maintenance) return MachineFinding.Reject(Cause, $"host {host.Name} is {maintenance}", host.Id);
        var silent = sight.Machine.At - host.LastSeenAt;
        return silent is { } time && time < sight.Machine.Thresholds.HostDownAfter
            ? MachineFinding.Reject(
                Cause, string.Create(CultureInfo.InvariantCulture, $"host {host.Name} has been silent for {time.TotalSeconds:0} s only"),
                    host.Id)
            : MachineFinding.Accept(
                Cause, 0.9, $"host {host.Name} does not answer{(host.LastSeenAt is { } at ? $" since {at:u}" : "")}: {host.Reason}",
                host.LastSeenAt, host.Id);
    }
}

/// <summary>The guests that run may take more memory together than the host has.</summary>
internal sealed class OvercommitRule : IMachineRule
{
    private const string Cause = MachineCauses.HypervisorOvercommitted;

    public MachineFinding Judge(MachineSight sight)
    {
        var host = sight.Host;
        if (host.Maintenance is { } maintenance) return MachineFinding.Reject(Cause, $"host {host.Name} is {maintenance}", host.Id);
        if (host is not { MemoryBytes: > 0 and { } has, CommittedBytes: { } promised })
        {
            return MachineFinding.Reject(Cause, "the host's memory is not known", host.Id);
        }

        var percent = (int)Math.Min(int.MaxValue, promised * 100 / has);
        var words = string.Create(
            CultureInfo.InvariantCulture, $"{host.RunningDomains} guests may take {promised} bytes, {percent} % of the host's {has}");
        return percent > sight.Machine.Thresholds.CommittedPercent
            ? MachineFinding.Accept(Cause, 0.85, words, null, host.Id)
            : MachineFinding.Reject(Cause, words, host.Id);
    }
}

/// <summary>The pool is not active, so that its volumes cannot be used.</summary>
internal sealed class PoolInactiveRule : IMachineRule
{
    private const string Cause = MachineCauses.StoragePoolInactive;

    public MachineFinding Judge(MachineSight sight) => sight.Machine.Pools is not [var pool, ..]
        ? MachineFinding.Reject(Cause, "the pool could not be looked at", sight.Host.Id)
        : pool.Active ? MachineFinding.Reject(Cause, $"pool {pool.Name} is active", pool.Id)
        : MachineFinding.Accept(Cause, 0.85, $"pool {pool.Name} is not active ({pool.State})", null, pool.Id);
}

/// <summary>The pool has little room left.</summary>
internal sealed class PoolFillingRule : IMachineRule
{
    private const string Cause = MachineCauses.StoragePoolFilling;

    public MachineFinding Judge(MachineSight sight)
    {
        if (sight.Machine.Pools is not [{ Active: true } pool, ..])
        {
            return MachineFinding.Reject(Cause, "the pool is not active, or could not be looked at", sight.Host.Id);
        }

        var words = string.Create(
            CultureInfo.InvariantCulture,
                $"pool {pool.Name} is {pool.UsedPercent} % full: {pool.AvailableBytes} of {pool.CapacityBytes} bytes left");
        return pool.UsedPercent >= sight.Machine.Thresholds.PoolFullPercent
            ? MachineFinding.Accept(Cause, 0.9, words, null, pool.Id)
            : MachineFinding.Reject(Cause, words, pool.Id);
    }
}
