using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Heal.Drivers.Libvirt;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>Has a pool look again at what it holds. At least once: a second look changes nothing, and nothing shows whether there was
/// one.</summary>
internal sealed record PoolRefreshEffect(string Host, string Pool) : Effect
{
    // Of this attempt alone; what stays is the operation's own row.
    private bool _isDone;

    [JsonIgnore]
    public override string Subject => $"pool {Pool} on host {Host}";

    [JsonIgnore]
    public override bool IsReversible => false;

    public override async Task<Look> LookAsync(ActionTools tools, string key, CancellationToken cancellationToken)
    {
        if (tools.Host(Host) is not { } host) return new Look(Sight.Gone, $"libvirt host '{Host}' is not configured any more");
        if (await host.Storage.FindPoolAsync(Pool, cancellationToken) is null) return new Look(Sight.Gone, $"{Subject} is gone");
        var row = _isDone ? null : await tools.Store.FindOperationAsync(key, cancellationToken);
        return _isDone || row is { State: OperationState.Confirmed } ? Look.Applied(null) : Look.NotApplied(null);
    }

    public override async Task<WriteAnswer> WriteAsync(
        ActionTools tools, string key, Look look, bool dryRun, CancellationToken cancellationToken)
    {
        if (dryRun) return WriteAnswer.Taken;
        var host = tools.Host(Host)!;
        try
        {
            if (await host.Storage.FindPoolAsync(Pool, cancellationToken) is { IsActive: false })
            {
                await host.Storage.StartPoolAsync(Pool, cancellationToken);
            }

            await host.Storage.RefreshPoolAsync(Pool, cancellationToken);
        }
        catch (LibvirtException e) when (e is not (LibvirtUnreachableException or LibvirtTimeoutException or LibvirtForbiddenException))
        {
            return WriteAnswer.Refused($"libvirt refused: {e.Reason}");
        }

        _isDone = true;
        return WriteAnswer.Taken;
    }

    public override Effect? Inverse(JsonObject post) => null;

    public override IReadOnlyList<string> Describe() => [$"{Subject}: looked at again, and started where it was not active"];
}

/// <summary>Deletes one volume: once it is gone there is nothing that a repetition could hit, but another one of its name; the path and the
/// allocation tell those apart as far as libvirt lets them.</summary>
internal sealed record VolumeDeleteEffect(string Host, string Pool, string Volume, string Path, long Capacity) : Effect
{
    [JsonIgnore]
    public override string Subject => $"volume {Volume} of pool {Pool} on host {Host}";

    [JsonIgnore]
    public override bool IsReversible => false;

    public override async Task<Look> LookAsync(ActionTools tools, string key, CancellationToken cancellationToken)
    {
        if (tools.Host(Host) is not { } host) return new Look(Sight.Gone, $"libvirt host '{Host}' is not configured any more");
        var live = await host.Storage.FindVolumeAsync(Pool, Volume, cancellationToken);
        if (live is null) return Look.Applied(null);
        return live.Path == Path && live.Capacity == Capacity
            ? Look.NotApplied(null) : new Look(Sight.ChangedByOther, $"{Subject} is another one meanwhile");
    }

    public override async Task<WriteAnswer> WriteAsync(
        ActionTools tools, string key, Look look, bool dryRun, CancellationToken cancellationToken)
    {
        if (dryRun) return WriteAnswer.Taken;
        // Right before it goes: somebody may have begun to use it.
        if (await VolumeUse.OfAsync(tools, Host, Path, cancellationToken) is { } user) return WriteAnswer.Refused(
            $"{Subject} is used by {user}");
        try
        {
            await tools.Host(Host)!.Storage.DeleteVolumeAsync(Pool, Volume, cancellationToken);
            return WriteAnswer.Taken;
        }
        catch (LibvirtNotFoundException)
        {
            return WriteAnswer.Taken;
        }
        catch (LibvirtException e) when (e is not (LibvirtUnreachableException or LibvirtTimeoutException or LibvirtForbiddenException))
        {
            return WriteAnswer.Refused($"libvirt refused: {e.Reason}");
        }
    }

    public override Effect? Inverse(JsonObject post) => null;

    public override IReadOnlyList<string> Describe() =>
        [string.Create(CultureInfo.InvariantCulture, $"{Subject}: deleted ({Capacity} bytes)")];
}

/// <summary>Who uses an image.</summary>
internal static class VolumeUse
{
    /// <returns>Null when no domain has it as a disk and no volume has it under it, on this host.</returns>
    public static async Task<string?> OfAsync(ActionTools tools, string hostName, string path, CancellationToken cancellationToken)
    {
        var host = tools.Host(hostName)!;
        foreach (var domain in await host.Domains.ListAsync(cancellationToken))
        {
            foreach (var inactive in domain.Id is null ? new[] { true } : [true, false])
            {
                // As text: an image stands in a document in many places (disks, backing chains, kernels, NVRAM), and any of them counts.
                var xml = await host.Domains.GetXmlAsync(domain.Uuid, inactive, cancellationToken);
                if (xml.Contains(System.Security.SecurityElement.Escape(path), StringComparison.Ordinal)) return $"domain {domain.Name}";
            }
        }

        foreach (var pool in await host.Storage.ListPoolsAsync(cancellationToken))
        {
            if (!pool.IsActive) continue;
            foreach (var volume in await host.Storage.ListVolumesAsync(pool.Name, cancellationToken))
            {
                if (volume.BackingPath == path) return $"volume {volume.Name} of pool {pool.Name}, which lies upon it";
            }
        }

        return null;
    }
}

/// <summary>
/// Runs the command that the settings give for restarting libvirtd on a host. Each run has a row of its own in the ledger, from before the
/// command begins: one whose process died may still be under way, and is given its time. After that, and only while libvirt does not
/// answer, the command is run again: a daemon that answers is restarted by nobody.
/// </summary>
internal sealed record DaemonRestartEffect(string Host) : Effect
{
    /// <summary>Of one command.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    [JsonIgnore]
    public override string Subject => $"libvirtd on host {Host}";

    [JsonIgnore]
    public override bool IsReversible => false;

    public override async Task<Look> LookAsync(ActionTools tools, string key, CancellationToken cancellationToken)
    {
        if (await tools.Store.FindOperationAsync(key, cancellationToken) is { State: OperationState.Confirmed }) return Look.Applied(null);
        var (_, last) = await RunsAsync(tools, key, cancellationToken);
        if (last is { State: OperationState.Confirmed }) return Look.Applied(null);
        if (!await AnswersAsync(tools, cancellationToken)) return Look.NotApplied(null);
        if (last is null) return new Look(Sight.DoneByOther, $"{Subject} answers again, and no command of this operation was run");
        await FinishAsync(tools, last.Key, "whoever ran it died meanwhile; libvirt answers", cancellationToken);
        return Look.Applied(null);
    }

    public override async Task<WriteAnswer> WriteAsync(
        ActionTools tools, string key, Look look, bool dryRun, CancellationToken cancellationToken)
    {
        if (tools.Machines is not { Commands: { } commands } machines
            || !machines.Options.CurrentValue.RestartCommands.TryGetValue(Host, out var command) || command.Count == 0)
        {
            return WriteAnswer.Refused($"no command restarts {Subject}: see setting {MachineOptions.Section}:RestartCommands:{Host}");
        }

        if (dryRun) return WriteAnswer.Taken;
        var (count, last) = await RunsAsync(tools, key, cancellationToken);
        if (last is not null && tools.Time.GetUtcNow() - last.IntendedAt < Limit)
        {
            return WriteAnswer.Later(string.Create(
                CultureInfo.InvariantCulture, $"a command for {Subject} was begun at {last.IntendedAt:u}, and may be under way"));
        }

        var operation = (await tools.Store.FindOperationAsync(key, cancellationToken))!;
        var run = await tools.Store.IntendAsync(
            operation with
            {
                Key = RunKey(key, count + 1), TargetKey = $"step/{operation.TargetKey}", PreImage = ToJson(),
                IntendedAt = tools.Time.GetUtcNow(),
            },
            cancellationToken);
        var (exit, said) = await commands.RunAsync(command, Limit, cancellationToken);
        if (exit == 0)
        {
            await FinishAsync(tools, run.Key, "", cancellationToken);
            return WriteAnswer.Taken;
        }

        var refusal = WriteAnswer.Refused(string.Create(CultureInfo.InvariantCulture, $"'{command[0]}' ended with {exit}: {said}"));
        await tools.Store.FinishAsync(
            run.Key, new OperationEnd(OperationState.Abandoned, ActionStatus.Refused, refusal.Detail), tools.Time.GetUtcNow(),
            cancellationToken);
        return refusal;
    }

    public override Effect? Inverse(JsonObject post) => null;

    public override IReadOnlyList<string> Describe() => [$"{Subject}: restarted"];

    private static string RunKey(string key, int number) => string.Create(CultureInfo.InvariantCulture, $"{key}/run/{number}");

    private static async Task<(int Count, Operation? Last)> RunsAsync(ActionTools tools, string key, CancellationToken cancellationToken)
    {
        var (count, last) = (0, (Operation?)null);
        while (await tools.Store.FindOperationAsync(RunKey(key, count + 1), cancellationToken) is { } run) (count, last) = (count + 1, run);
        return (count, last);
    }

    private static Task<Operation> FinishAsync(ActionTools tools, string run, string detail, CancellationToken cancellationToken) =>
        tools.Store.FinishAsync(
            run, new OperationEnd(OperationState.Confirmed, ActionStatus.Applied, detail, new JsonObject()), tools.Time.GetUtcNow(),
            cancellationToken);

    private async Task<bool> AnswersAsync(ActionTools tools, CancellationToken cancellationToken)
    {
        try
        {
            await tools.Host(Host)!.Domains.ListAsync(cancellationToken);
            return true;
        }
        catch (LibvirtException e) when (e is not LibvirtNotAdmittedException)
        {
            return false;
        }
    }
}
