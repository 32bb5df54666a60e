using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Heal.Drivers.Libvirt;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>
/// Starts a domain that is off. Never a second copy: libvirt refuses to start what runs. What may happen twice is a boot, when the guest
/// dies between libvirt's answer and the second mark, and this process with it: then it is off, nothing tells that it ran, and it is
/// started
/// again.
/// </summary>
/// <param name="After">The run that was ended for this start; null when it was off before.</param>
internal sealed record DomainStartEffect(string Host, string Uuid, string Name, int? After = null) : DomainEffect(Host, Uuid, Name)
{
    [JsonIgnore]
    public override bool IsReversible => false;

    [JsonIgnore]
    public override bool IsAtomic => true;

    public override Effect? Inverse(JsonObject post) => null;

    public override IReadOnlyList<string> Describe() => [$"{Subject}: started"];

    // Until it is started it is off by our doing, and only so.
    protected override OperationMark MarkOf(string key, bool isDone, Look look) =>
        isDone || After is null ? base.MarkOf(key, isDone, look) : new(key, After, isDone, Restarts: true);

    protected override Task<Look> SeeAsync(
        ActionTools tools, ILibvirtHost host, DomainRecord domain, OperationMark? ours, CancellationToken cancellationToken) =>
        Task.FromResult(domain switch
        {
            { State: DomainState.Crashed, Id: not null } when ours is not { IsDone: true } =>
                new Look(Sight.ChangedByOther, $"{Subject} has crashed, and its remains are kept"),
            { Id: not null } => ours is not null ? Run(domain) : new Look(Sight.DoneByOther, $"somebody started {Subject} meanwhile"),
            // It was started and has ended again: the effect was made, and the effect check says the rest.
            _ => ours is { IsDone: true } ? Run(domain) : Look.NotApplied(null),
        });

    protected override async Task<WriteAnswer> ActAsync(
        ActionTools tools, ILibvirtHost host, Look look, CancellationToken cancellationToken)
    {
        var machines = tools.Machines!;
        if (await LeftCopies.ObjectionAsync(machines.Memory, machines.Hosts, Host, Uuid, cancellationToken) is { } objection)
        {
            return WriteAnswer.Refused(objection);
        }

        await host.Domains.StartAsync(Id, cancellationToken);
        return WriteAnswer.Taken;
    }
}

/// <summary>Ends one run of a domain; proven by the run's id, so that a run that began since is never hit.</summary>
/// <param name="RunId">The run that is to end.</param>
/// <param name="Force">Ends it at once; else the guest is asked once, and waited for.</param>
/// <param name="Restarts">Another effect starts the domain after this one.</param>
internal sealed record DomainStopEffect(string Host, string Uuid, string Name, int RunId, bool Force, bool Restarts = false)
    : DomainEffect(Host, Uuid, Name)
{
    private const string Asked = "asked";

    [JsonIgnore]
    public override bool IsReversible => true;

    [JsonIgnore]
    public override bool IsAtomic => Force;

    // What was in the guest's memory is gone; that it runs again is all that can be given back.
    public override Effect? Inverse(JsonObject post) => new DomainStartEffect(Host, Uuid, Name, Restarts ? RunId : null);

    public override IReadOnlyList<string> Describe() => [$"{Subject}: {(Force ? "ended at once" : "asked to power off")}"];

    protected override OperationMark MarkOf(string key, bool isDone, Look look) => new(key, RunId, isDone, Restarts);

    // A transient domain goes with its run.
    protected override Task<Look> WithoutDomainAsync(ActionTools tools, ILibvirtHost host, CancellationToken cancellationToken) =>
        Task.FromResult(Look.Applied(null));

    protected override Task<Look> SeeAsync(
        ActionTools tools, ILibvirtHost host, DomainRecord domain, OperationMark? ours, CancellationToken cancellationToken) =>
        Task.FromResult(domain.Id == RunId
            ? Look.NotApplied(new JsonObject { [Asked] = ours is { IsDone: true } }) : Look.Applied(null));

    protected override async Task<WriteAnswer> ActAsync(
        ActionTools tools, ILibvirtHost host, Look look, CancellationToken cancellationToken)
    {
        if (Force)
        {
            await host.Domains.DestroyAsync(Id, cancellationToken: cancellationToken);
            return WriteAnswer.Taken;
        }

        // Asking twice would make some guests open a dialogue, and others power off the next run.
        if (!look.Live.IsTrue(Asked)) await host.Domains.ShutdownAsync(Id, cancellationToken);
        return await host.Domains.FindAsync(Id, cancellationToken) is { Id: { } run } && run == RunId
            ? WriteAnswer.Later("the guest was asked to power off and has not done so yet") : WriteAnswer.Taken;
    }
}

/// <summary>
/// Pauses one run, so that what is done to it next can be done again at no cost: a guest that does not run notices nothing. Whoever sees
/// it paused meanwhile knows by the mark that this is nobody's intent.
/// </summary>
/// <param name="By">The operation's key.</param>
internal sealed record DomainHoldEffect(string Host, string Uuid, string Name, int RunId, string By) : DomainEffect(Host, Uuid, Name)
{
    [JsonIgnore]
    public override bool IsReversible => true;

    [JsonIgnore]
    public override bool IsAtomic => true;

    public override Effect? Inverse(JsonObject post) => new DomainResumeEffect(Host, Uuid, Name, RunId, By);

    public override IReadOnlyList<string> Describe() => [$"{Subject}: paused for a moment"];

    protected override OperationMark MarkOf(string key, bool isDone, Look look) => Holding(key, RunId, isDone, look);

    protected override Task<Look> SeeAsync(
        ActionTools tools, ILibvirtHost host, DomainRecord domain, OperationMark? ours, CancellationToken cancellationToken) =>
        Task.FromResult((domain, ours) switch
        {
            ({ Id: var run }, _) when run != RunId => AnotherRun,
            (_, { IsDone: true }) or ({ State: DomainState.Paused, Reason: Held }, not null) => Run(domain),
            ({ State: DomainState.Running or DomainState.Blocked }, _) => AsOf(tools),
            _ => new Look(Sight.ChangedByOther, $"{Subject} is {MachineObserver.StateOf(domain)} ({domain.Reason}) meanwhile"),
        });

    protected override async Task<WriteAnswer> ActAsync(
        ActionTools tools, ILibvirtHost host, Look look, CancellationToken cancellationToken)
    {
        await host.Domains.SuspendAsync(Id, cancellationToken);
        return WriteAnswer.Taken;
    }
}

/// <summary>
/// Presses the reset button of one run while it is held paused. A reset leaves no trace that libvirt keeps, so that a process that dies
/// between libvirt's answer and the second mark has it pressed twice: that costs nothing, because the guest has not run in between. One
/// that somebody let run on is not reset any more. What the guest's counters said by then is kept: they go on over a reset, and only what
/// comes after it proves a boot.
/// </summary>
internal sealed record DomainResetEffect(string Host, string Uuid, string Name, int RunId) : DomainEffect(Host, Uuid, Name)
{
    private const string Before = "before";

    [JsonIgnore]
    public override bool IsReversible => false;

    public override Effect? Inverse(JsonObject post) => null;

    public override IReadOnlyList<string> Describe() => [$"{Subject}: reset"];

    protected override OperationMark MarkOf(string key, bool isDone, Look look) => Holding(key, RunId, isDone, look);

    /// <summary>What the counters said when it was reset; null when that is not known.</summary>
    public static GuestProgress? ProgressOf(Operation? step) => step?.PostImage?[Before]?.Deserialize<GuestProgress>();

    protected override async Task<Look> SeeAsync(
        ActionTools tools, ILibvirtHost host, DomainRecord domain, OperationMark? ours, CancellationToken cancellationToken)
    {
        if (domain.Id != RunId) return AnotherRun;
        var isHeld = domain is { State: DomainState.Paused, Reason: Held };
        if (ours is { IsDone: true })
        {
            var look = Run(domain);
            if (isHeld && await new MachineReader(host, tools.Machines!, []).TotalsAsync(Id, cancellationToken) is { } totals)
            {
                look.Post![Before] = JsonSerializer.SerializeToNode(totals);
            }

            return look;
        }

        return isHeld ? AsOf(tools)
            : domain.State is DomainState.Running or DomainState.Blocked
                ? new Look(Sight.DoneByOther, $"somebody let {Subject} run on, and it is not reset any more")
            : new Look(Sight.ChangedByOther, $"{Subject} is {MachineObserver.StateOf(domain)} ({domain.Reason}) meanwhile");
    }

    protected override async Task<WriteAnswer> ActAsync(
        ActionTools tools, ILibvirtHost host, Look look, CancellationToken cancellationToken)
    {
        await host.Domains.ResetAsync(Id, cancellationToken);
        return WriteAnswer.Taken;
    }
}

/// <summary>Lets one paused run go on. Once: a guest that runs into the same error again is paused again, and that is for the effect
/// check to say.</summary>
/// <param name="HeldBy">The key of the operation that paused it (<see cref="DomainHoldEffect"/>): while its mark is there the guest is its
/// own to let go. Null where something else paused it.</param>
internal sealed record DomainResumeEffect(string Host, string Uuid, string Name, int RunId, string? HeldBy = null)
    : DomainEffect(Host, Uuid, Name)
{
    private const string Waits = "waits";

    [JsonIgnore]
    public override bool IsReversible => false;

    public override Effect? Inverse(JsonObject post) => null;

    public override IReadOnlyList<string> Describe() => [$"{Subject}: runs on"];

    // Until it runs on it is paused by our doing, and only so.
    protected override OperationMark MarkOf(string key, bool isDone, Look look) =>
        isDone || HeldBy is null ? base.MarkOf(key, isDone, look) : Holding(key, RunId, isDone, look);

    protected override async Task<Look> SeeAsync(
        ActionTools tools, ILibvirtHost host, DomainRecord domain, OperationMark? ours, CancellationToken cancellationToken)
    {
        if (ours is { IsDone: true }) return Run(domain);
        if (domain.Id != RunId) return AnotherRun;
        if (HeldBy is not null && (ours is not null || await IsHeldAsync(host, cancellationToken)))
        {
            // One that somebody let run on has a mark to lose all the same: a later pause of it is none of ours.
            var look = AsOf(tools);
            look.Live![Waits] = domain is { State: DomainState.Paused, Reason: Held };
            return look;
        }

        return domain.State == DomainState.Paused && HeldBy is null ? Look.NotApplied(new JsonObject { [Waits] = true })
            : ours is not null ? Run(domain)
            : new Look(Sight.DoneByOther, $"somebody let {Subject} run on meanwhile, or has paused it anew");
    }

    protected override async Task<WriteAnswer> ActAsync(
        ActionTools tools, ILibvirtHost host, Look look, CancellationToken cancellationToken)
    {
        if (look.Live.IsTrue(Waits)) await host.Domains.ResumeAsync(Id, cancellationToken);
        return WriteAnswer.Taken;
    }

    private async Task<bool> IsHeldAsync(ILibvirtHost host, CancellationToken cancellationToken) =>
        OperationMark.Read(await host.Domains.GetMetadataAsync(Id, MachineNames.OperationNamespace, cancellationToken))
            is { HeldSince: not null } mark && mark.Key.StartsWith($"{HeldBy}/", StringComparison.Ordinal);
}

/// <summary>
/// Ends the job that a domain is busy with, as a migration that does not come to an end. The guest stays where it is. No mark is left: as
/// long as the job is under way libvirt lets nobody write to the domain (it waits 30 s for the job and gives up), and so nothing could be
/// ended. When the job began tells it from a later one.
/// </summary>
/// <param name="Operation">Only a job of this kind is ended.</param>
/// <param name="BegunAt">Only one that began then; null: any, as operations of earlier versions have it.</param>
internal sealed record DomainJobAbortEffect(string Host, string Uuid, string Name, string Operation, DateTimeOffset? BegunAt = null)
    : DomainEffect(Host, Uuid, Name)
{
    /// <summary>How far two looks at one job may be apart about its beginning, which is told as its age.</summary>
    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(10);

    [JsonIgnore]
    public override bool IsReversible => false;

    protected override bool LeavesMark => false;

    public override Effect? Inverse(JsonObject post) => null;

    public override IReadOnlyList<string> Describe() => [$"{Subject}: {Operation} aborted"];

    // Where another job is under way, ours has ended.
    protected override async Task<Look> SeeAsync(
        ActionTools tools, ILibvirtHost host, DomainRecord domain, OperationMark? ours, CancellationToken cancellationToken) =>
        domain.Id is not null && await host.Domains.GetJobAsync(Id, cancellationToken) is { } job && job.Operation == Operation
            && (BegunAt is not { } begun || (tools.Time.GetUtcNow() - job.Elapsed - begun).Duration() <= Tolerance)
            ? Look.NotApplied(null) : Look.Applied(null);

    protected override async Task<WriteAnswer> ActAsync(
        ActionTools tools, ILibvirtHost host, Look look, CancellationToken cancellationToken)
    {
        await host.Domains.AbortJobAsync(Id, cancellationToken);
        return WriteAnswer.Later("the job is being aborted");
    }
}
