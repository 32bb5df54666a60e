using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Heal.Drivers.Libvirt;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>
/// One change of one domain. libvirt has no preconditions and no idempotency keys, so that exactly once is made of three things: the mark
/// of
/// the operation in the domain's metadata, written before libvirt is asked and again once it has answered; the domain's id, which is new
/// with every run; and libvirt's own refusals (a running domain cannot be started, one that is off cannot be stopped).
/// The domain is looked at once more between the mark and the call.
/// </summary>
/// <param name="Uuid">A domain of the same name with another one is another domain.</param>
internal abstract record DomainEffect(string Host, string Uuid, string Name) : Effect
{
    /// <summary>libvirt's code when the state of a domain does not allow what was asked.</summary>
    protected const int InvalidState = 55;

    /// <summary>When another job holds the domain.</summary>
    private const int BusyTimeout = 68;

    [JsonIgnore]
    public override string Subject => $"domain {Name} on host {Host}";

    protected Guid Id => Guid.Parse(Uuid, CultureInfo.InvariantCulture);

    public override async Task<Look> LookAsync(ActionTools tools, string key, CancellationToken cancellationToken)
    {
        if (tools.Host(Host) is not { } host) return new Look(Sight.Gone, $"libvirt host '{Host}' is not configured any more");
        var domain = await host.Domains.FindAsync(Id, cancellationToken);
        if (domain is null) return await WithoutDomainAsync(tools, host, cancellationToken);
        var mark = OperationMark.Read(await host.Domains.GetMetadataAsync(Id, MachineNames.OperationNamespace, cancellationToken));
        var ours = mark?.Key == key ? mark
            : mark is not null && StepSequence.IsAfter(mark.Key, key) ? mark with { Key = key, IsDone = true } : null;
        return await SeeAsync(tools, host, domain, ours, cancellationToken);
    }

    public override async Task<WriteAnswer> WriteAsync(
        ActionTools tools, string key, Look look, bool dryRun, CancellationToken cancellationToken)
    {
        if (dryRun) return WriteAnswer.Taken;
        var host = tools.Host(Host)!;
        try
        {
            if (LeavesMark) await MarkAsync(host, MarkOf(key, isDone: false, look), cancellationToken);
            if (await IsOvertakenAsync(tools, host, key, cancellationToken)) return WriteAnswer.Taken; // the next look tells
            var answer = await ActAsync(tools, host, look, cancellationToken);
            if (LeavesMark && answer.Kind != WriteKind.Refused) await MarkAsync(host, MarkOf(key, isDone: true, look), cancellationToken);
            return answer;
        }
        catch (LibvirtNotFoundException)
        {
            return WriteAnswer.Taken;
        }
        catch (LibvirtException e) when (e.Code == BusyTimeout)
        {
            return WriteAnswer.Later($"{Subject} is busy: {e.Reason}");
        }
        catch (LibvirtException e) when (IsRefusal(e))
        {
            // Somebody may have been faster: only a domain that looks as before proves a refusal.
            var again = await LookAsync(tools, key, cancellationToken);
            return again.Sight == Sight.NotApplied ? WriteAnswer.Refused($"libvirt refused: {e.Reason}") : WriteAnswer.Taken;
        }
    }

    // Whoever has stood still since it looked (its process stopped, its machine asleep) may have been overtaken: its incident was
    // closed, and another one acted. libvirt takes no precondition, so that this is asked as late as it can be: the mark must still be
    // ours, and the domain as it was. What happens between this answer and the call is the one gap that stays.
    private async Task<bool> IsOvertakenAsync(ActionTools tools, ILibvirtHost host, string key, CancellationToken cancellationToken)
    {
        var mark = !LeavesMark ? null
            : OperationMark.Read(await host.Domains.GetMetadataAsync(Id, MachineNames.OperationNamespace, cancellationToken));
        return (LeavesMark && mark?.Key != key) || (await LookAsync(tools, key, cancellationToken)).Sight != Sight.NotApplied;
    }

    /// <summary>False where nothing can be written to the domain meanwhile: then something else must prove the effect.</summary>
    protected virtual bool LeavesMark => true;

    /// <summary>What is left on the domain, before libvirt is asked and after it has answered. An effect that ends a run names it, so
    /// that a stop of ours is never taken for somebody's intent.</summary>
    /// <param name="look">What the domain showed before.</param>
    protected virtual OperationMark MarkOf(string key, bool isDone, Look look) => new(key, null, isDone);

    /// <summary>What the domain shows of the effect.</summary>
    /// <param name="ours">The mark of this step; that of a later one of the operation says that this one is done. Null when there is none,
    /// or that of another operation.</param>
    protected abstract Task<Look> SeeAsync(
        ActionTools tools, ILibvirtHost host, DomainRecord domain, OperationMark? ours, CancellationToken cancellationToken);

    protected abstract Task<WriteAnswer> ActAsync(ActionTools tools, ILibvirtHost host, Look look, CancellationToken cancellationToken);

    /// <summary>The domain is not there any more.</summary>
    protected virtual Task<Look> WithoutDomainAsync(ActionTools tools, ILibvirtHost host, CancellationToken cancellationToken) =>
        Task.FromResult(new Look(Sight.Gone, $"{Subject} is gone"));

    /// <summary>libvirt said no, and will say so again; as against "nobody knows".</summary>
    protected static bool IsRefusal(LibvirtException e) =>
        e is not (LibvirtUnreachableException or LibvirtTimeoutException or LibvirtForbiddenException);

    private Task MarkAsync(ILibvirtHost host, OperationMark mark, CancellationToken cancellationToken) => host.Domains.SetMetadataAsync(
        Id, MachineNames.OperationNamespace, MachineNames.OperationPrefix, mark.ToXml(), cancellationToken);

    /// <summary>libvirt's reason of what was paused on request; which it keeps over its own restart.</summary>
    protected const string Held = "user";

    private const string At = "at";

    /// <summary>The run that the effect is about has ended.</summary>
    [JsonIgnore]
    protected Look AnotherRun => new(Sight.ChangedByOther, $"{Subject} is off, or was started anew meanwhile");

    /// <summary>Not applied; for marks that say since when.</summary>
    protected static Look AsOf(ActionTools tools) => Look.NotApplied(new JsonObject { [At] = tools.Time.GetUtcNow() });

    /// <summary>The mark of a step during which the guest is paused by the operation.</summary>
    protected static OperationMark Holding(string key, int run, bool isDone, Look look) =>
        new(key, run, isDone, HeldSince: look.Live![At]!.GetValue<DateTimeOffset>());

    protected static Look Run(DomainRecord domain) => Look.Applied(null, new JsonObject { ["run"] = domain.Id });
}

/// <summary>What actions on libvirt hosts find in their tools.</summary>
internal static class MachineToolsOfActions
{
    /// <summary>Null when no host is configured under this name.</summary>
    public static ILibvirtHost? Host(this ActionTools tools, string name) => tools.Machines?.Hosts.Find(name);
}
