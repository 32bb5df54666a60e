namespace Heal.Healing;

/// <summary>The target itself, of whatever kind, as its controller describes it.</summary>
/// <param name="DeletingSince">When its deletion was asked for; null when it was not.</param>
/// <param name="Facts">Plain values of its spec (pod templates apart) and status, in the order of their paths.</param>
public sealed record ObjectEvidence(
    string Id,
    string ApiVersion,
    string Kind,
    string Namespace,
    string Name,
    string Uid,
    string? ResourceVersion,
    long Generation,
    long ObservedGeneration,
    DateTimeOffset? CreatedAt,
    DateTimeOffset? DeletingSince,
    IReadOnlyList<string> Finalizers,
    ManagedBy? ManagedBy,
    IReadOnlyList<ConditionEvidence> Conditions,
    IReadOnlyList<FactEvidence> Facts)
{
    public ConditionEvidence? Condition(string type) => Conditions.FirstOrDefault(condition => condition.Type == type);

    /// <summary>The value at a path; null when it is not there.</summary>
    public string? Fact(string path) => Facts.FirstOrDefault(fact => fact.Path == path)?.Value;
}

/// <param name="Path">For example <c>status.phase</c>.</param>
/// <param name="Value">Scrubbed and bounded.</param>
public sealed record FactEvidence(string Path, string Value);

/// <summary>One step up the chain of owners, from the target to the top.</summary>
/// <param name="Exists">False: the reference leads nowhere; null: it could not be read, and a gap says why.</param>
public sealed record OwnerEvidence(
    string Id, string ApiVersion, string Kind, string Name, string Uid, bool? Exists, DateTimeOffset? CreatedAt, bool Deleting,
    ManagedBy? ManagedBy);

/// <summary>An object of the target's kind that has the same owner, or none as the target has none.</summary>
/// <param name="State">For example <c>2/3 ready</c> or a phase.</param>
public sealed record SiblingEvidence(string Id, string Kind, string Name, string State, bool IsHealthy);

/// <summary>An object beside the target that bears on it: what selects its pods, limits them, or keeps their data.</summary>
/// <param name="Relation">Why it is here, for example <c>selects the pods</c>.</param>
/// <param name="ChangedAt">When somebody last wrote it, as far as the cluster tells; controllers' status apart.</param>
public sealed record RelatedEvidence(
    string Id, string Kind, string Name, string Relation, DateTimeOffset? CreatedAt, DateTimeOffset? ChangedAt,
    IReadOnlyList<ConditionEvidence> Conditions, IReadOnlyList<FactEvidence> Facts)
{
    public ConditionEvidence? Condition(string type) => Conditions.FirstOrDefault(condition => condition.Type == type);

    public string? Fact(string path) => Facts.FirstOrDefault(fact => fact.Path == path)?.Value;
}

/// <summary>Somebody wrote something that bears on the target.</summary>
/// <param name="By">The field manager; null when the cluster does not say.</param>
public sealed record ChangeEvidence(string Id, DateTimeOffset At, string Subject, string? By, string What);

/// <summary>A resource of a container: what it asked for, what it may have, what it uses now. Quantities as Kubernetes writes
/// them.</summary>
/// <param name="Usage">Null when no metrics were served.</param>
public sealed record QuantityEvidence(string Resource, string? Request, string? Limit, string? Usage);

/// <summary>Where a whole bundle is kept.</summary>
/// <param name="Step">Which look of the incident, counted from 1.</param>
/// <param name="Hash">SHA-256 of its bytes before compression, in hexadecimal digits.</param>
public sealed record EvidenceReference(string IncidentId, int Step, string Hash, int Schema, int PlainBytes, int StoredBytes);
