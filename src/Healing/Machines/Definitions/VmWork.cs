using System.Text.Json.Serialization;

namespace Heal.Healing;

/// <summary>What a creation starts with. In of the orchestration <c>CreateVm</c>.</summary>
/// <param name="Warnings">Of the normalisation.</param>
public sealed record VmCreation(VmBlueprint Blueprint, IReadOnlyList<string> Warnings);

/// <summary>What a deletion starts with. In of the orchestration <c>DeleteVm</c>.</summary>
/// <param name="Force">A guest that does not shut down in time is destroyed. False: then it stays.</param>
/// <param name="KeepVolumes">The volumes that the definition made stay.</param>
/// <param name="GraceSeconds">How long the guest may take to shut down.</param>
public sealed record VmRemoval(string Id, bool Force, bool KeepVolumes, int GraceSeconds);

/// <summary>Starts or stops a machine. In of the orchestration <c>SwitchVm</c>.</summary>
/// <param name="Force">As <see cref="VmRemoval.Force"/>.</param>
public sealed record VmSwitch(string Id, VmDesired Desired, bool Force, int GraceSeconds);

/// <summary>Where an orchestration of a machine is. Its custom status.</summary>
/// <param name="Step">For example <c>volume web-1.vda...</c>, <c>undo</c>.</param>
public sealed record VmProgress(string Work, string? Host, string Step);

/// <summary>What came of it.</summary>
/// <param name="Objections">Why it was refused.</param>
/// <param name="LeftBehind">What could not be taken away again: paths, names. Empty unless something went wrong twice.</param>
public sealed record VmOutcome(
    VmOutcomeKind Kind, string? Host, string Detail, IReadOnlyList<VmFault> Objections, IReadOnlyList<string> Warnings,
    IReadOnlyList<string> LeftBehind);

[JsonConverter(typeof(JsonStringEnumConverter<VmOutcomeKind>))]
public enum VmOutcomeKind
{
    /// <summary>Made, and seen to be what was wanted.</summary>
    Created,

    /// <summary>It was there already, as wanted.</summary>
    AlreadyThere,

    /// <summary>Nothing was begun.</summary>
    Refused,

    /// <summary>It failed half-way; what was made is gone again.</summary>
    RolledBack,

    /// <summary>It failed, and something could not be taken away: see <see cref="VmOutcome.LeftBehind"/>.</summary>
    LeftBehind,

    Deleted,

    /// <summary>There is no such machine.</summary>
    NotThere,

    /// <summary>The guest did not shut down in time and was not to be forced. It runs on as before.</summary>
    StillRunning,

    Started,
    Stopped,

    /// <summary>It could not be found out, or done. Nothing is half-done.</summary>
    Failed,
}
