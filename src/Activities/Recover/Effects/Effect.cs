using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>
/// One change of one thing, that can be looked at, made once, and (most of them) taken back. It is kept in the ledger before it is made, so
/// it holds all that a retry and an undo need, and never a secret.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "effect")]
[JsonDerivedType(typeof(PatchEffect), "patch")]
[JsonDerivedType(typeof(CreateEffect), "create")]
[JsonDerivedType(typeof(DeleteEffect), "delete")]
[JsonDerivedType(typeof(EvictEffect), "evict")]
[JsonDerivedType(typeof(HelmReleaseEffect), "helm-release")]
[JsonDerivedType(typeof(GitRevertEffect), "git-revert")]
[JsonDerivedType(typeof(PowerEffect), "power")]
[JsonDerivedType(typeof(SecretCopyEffect), "secret-copy")]
[JsonDerivedType(typeof(RenewalEffect), "renewal")]
[JsonDerivedType(typeof(RestoreEffect), "restore")]
[JsonDerivedType(typeof(ClaimReplacementEffect), "claim-replacement")]
[JsonDerivedType(typeof(PassingPatchEffect), "passing-patch")]
[JsonDerivedType(typeof(RelaxationEffect), "relaxation")]
[JsonDerivedType(typeof(SilenceEffect), "silence")]
[JsonDerivedType(typeof(SilenceEndEffect), "silence-end")]
[JsonDerivedType(typeof(MessageEffect), "message")]
[JsonDerivedType(typeof(EvidenceEffect), "evidence")]
[JsonDerivedType(typeof(DefragmentEffect), "defragment")]
[JsonDerivedType(typeof(SetAsideEffect), "set-aside")]
[JsonDerivedType(typeof(PurgeEffect), "purge")]
[JsonDerivedType(typeof(DomainStartEffect), "domain-start")]
[JsonDerivedType(typeof(DomainStopEffect), "domain-stop")]
[JsonDerivedType(typeof(DomainHoldEffect), "domain-hold")]
[JsonDerivedType(typeof(DomainResetEffect), "domain-reset")]
[JsonDerivedType(typeof(DomainResumeEffect), "domain-resume")]
[JsonDerivedType(typeof(DomainJobAbortEffect), "domain-job-abort")]
[JsonDerivedType(typeof(DomainSizeEffect), "domain-size")]
[JsonDerivedType(typeof(DomainDiskEffect), "domain-disk")]
[JsonDerivedType(typeof(DomainMigrateEffect), "domain-migrate")]
[JsonDerivedType(typeof(SnapshotCreateEffect), "snapshot-create")]
[JsonDerivedType(typeof(SnapshotDeleteEffect), "snapshot-delete")]
[JsonDerivedType(typeof(SnapshotRevertEffect), "snapshot-revert")]
[JsonDerivedType(typeof(PoolRefreshEffect), "pool-refresh")]
[JsonDerivedType(typeof(VolumeDeleteEffect), "volume-delete")]
[JsonDerivedType(typeof(DaemonRestartEffect), "daemon-restart")]
[JsonDerivedType(typeof(EvacuationEffect), "evacuation")]
[JsonDerivedType(typeof(MaintenanceEffect), "maintenance")]
[JsonDerivedType(typeof(CopyRemovalEffect), "copy-removal")]
internal abstract record Effect
{
    private static readonly JsonSerializerOptions Options = new()
    {
        AllowOutOfOrderMetadataProperties = true, MaxDepth = 128, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    /// <summary>What it is made on, for the record.</summary>
    public abstract string Subject { get; }

    /// <summary>Whether <see cref="Inverse"/> can give one.</summary>
    [JsonIgnore]
    public abstract bool IsReversible { get; }

    /// <summary>One write makes it, and <see cref="Sight.NotApplied"/> proves that nothing of it was done. Default false: it may have been
    /// asked for and be on its way.</summary>
    [JsonIgnore]
    public virtual bool IsAtomic => false;

    /// <summary>Reads the target and tells what became of the effect.</summary>
    /// <param name="key">Under which it is, or was to be, made.</param>
    public abstract Task<Look> LookAsync(ActionTools tools, string key, CancellationToken cancellationToken);

    /// <summary>Makes it on a target that looks like this. A conflict counts as taken: the next look tells whose it is.</summary>
    public abstract Task<WriteAnswer> WriteAsync(
        ActionTools tools, string key, Look look, bool dryRun, CancellationToken cancellationToken);

    /// <summary>What of it has begun on the target and nothing calls off, while it is not made yet; null: nothing. Asked when it is given
    /// up.</summary>
    public virtual Task<string?> BegunAsync(ActionTools tools, CancellationToken cancellationToken) => Task.FromResult<string?>(null);

    /// <summary>What takes it back; null when nothing does.</summary>
    /// <param name="post">What <see cref="Look.Post"/> was when it had been made.</param>
    public abstract Effect? Inverse(JsonObject post);

    /// <summary>What gives up what it keeps for its inverse, see <see cref="ActionDescriptor.SettledBy"/>; null when it keeps
    /// nothing.</summary>
    /// <param name="post">As for <see cref="Inverse"/>.</param>
    public virtual Effect? Settlement(JsonObject post) => null;

    /// <summary>What it changes, in a line per change.</summary>
    public abstract IReadOnlyList<string> Describe();

    public JsonObject ToJson() => JsonSerializer.SerializeToNode(this, Options)!.AsObject();

    public static Effect From(JsonNode? json) => json.Deserialize<Effect>(Options)
        ?? throw new JsonException("Expected an effect in the ledger, got null.");
}

/// <summary>What a target shows of an effect.</summary>
/// <param name="Detail">Who or what, when it is not ours.</param>
/// <param name="Live">The object as it is; null when there is none, or none to show.</param>
/// <param name="Post">What an undo must know of the effect as it was made; never null for Applied. For NotApplied: a part of it is there,
/// which an undo has to take back.</param>
internal sealed record Look(Sight Sight, string Detail, JsonObject? Live = null, JsonObject? Post = null)
{
    public static Look NotApplied(JsonObject? live) => new(Sight.NotApplied, "", live);

    public static Look Applied(JsonObject? live, JsonObject? post = null, string detail = "") =>
        new(Sight.Applied, detail, live, post ?? new JsonObject());
}

/// <summary>See <see cref="Look"/>.</summary>
internal enum Sight
{
    /// <summary>As before.</summary>
    NotApplied,

    /// <summary>Ours is there.</summary>
    Applied,

    /// <summary>What was to be is there, but not by us.</summary>
    DoneByOther,

    /// <summary>Something else is there.</summary>
    ChangedByOther,

    /// <summary>The thing is not there any more.</summary>
    Gone,
}

internal enum WriteKind
{
    /// <summary>The server took it, or said that the object has changed: look again.</summary>
    Taken,

    /// <summary>The server will not take it, however often it is asked.</summary>
    Refused,

    /// <summary>Not now; perhaps later.</summary>
    Later,
}

/// <summary>What came of a write.</summary>
internal sealed record WriteAnswer(WriteKind Kind, string Detail)
{
    public static readonly WriteAnswer Taken = new(WriteKind.Taken, "");

    public static WriteAnswer Refused(string detail) => new(WriteKind.Refused, SafeText.Line(detail, EvidenceLimits.MessageLength));

    public static WriteAnswer Later(string detail) => new(WriteKind.Later, SafeText.Line(detail, EvidenceLimits.MessageLength));
}
