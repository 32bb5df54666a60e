namespace Heal.Healing;

/// <summary>
/// Bounds on the parts of an evidence bundle. The whole is kept in the store; its digest travels through the incident's history.
/// What was left out is counted in <see cref="EvidenceBundle.Gaps"/>, never silently dropped.
/// </summary>
public static class EvidenceLimits
{
    /// <summary>Bytes of a whole bundle as JSON, before compression.</summary>
    public const int BundleBytes = 512 * 1024;

    /// <summary>Bytes of the digest that travels through the history.</summary>
    public const int DigestBytes = 64 * 1024;

    /// <summary>Steps from the target to its topmost owner.</summary>
    public const int Owners = 8;

    /// <summary>Plain values of the target's spec and status.</summary>
    public const int Facts = 80;

    /// <summary>Levels of nesting that are looked into for them.</summary>
    public const int FactDepth = 12;

    /// <summary>Items of a list that are looked into for them.</summary>
    public const int FactItems = 10;

    /// <summary>Characters of one such value.</summary>
    public const int FactLength = 200;

    /// <summary>Conditions of one object.</summary>
    public const int Conditions = 20;

    /// <summary>Siblings described, unhealthy ones first.</summary>
    public const int Siblings = 30;

    /// <summary>Objects of one kind that are related to the target, for example Services.</summary>
    public const int RelatedPerKind = 10;

    /// <summary>Plain values of one related object.</summary>
    public const int RelatedFacts = 25;

    /// <summary>Recent changes kept, the newest first.</summary>
    public const int RecentChanges = 40;

    /// <summary>How far back a change counts as recent.</summary>
    public static readonly TimeSpan RecentWindow = TimeSpan.FromHours(24);

    /// <summary>Gaps listed; the others are counted.</summary>
    public const int Gaps = 60;

    /// <summary>Objects of one kind that a list is read to, for example pods of a namespace.</summary>
    public const int Scanned = 1000;

    /// <summary>Events of a namespace that are read to find the target's; with more of them objects are asked for one by one.</summary>
    public const int EventsScanned = 1000;

    /// <summary>Events read of one object: servers list by name, so that the newest may come last.</summary>
    public const int EventsPerObject = 20_000;

    /// <summary>Events per request.</summary>
    public const int EventsPerPage = 1000;

    /// <summary>Objects whose events are asked for one by one.</summary>
    public const int EventSubjects = 12;

    /// <summary>Of them those whose events are all read where a namespace has very many; of the others its warnings tell.</summary>
    public const int EventSubjectsOfCrowd = 2;

    /// <summary>ReplicaSets described, the newest first.</summary>
    public const int Revisions = 10;

    /// <summary>Pods described, failing ones first.</summary>
    public const int Pods = 30;

    /// <summary>Events kept, the newest first.</summary>
    public const int Events = 40;

    /// <summary>Differences between two pod templates.</summary>
    public const int Changes = 60;

    /// <summary>Characters of one side of a difference.</summary>
    public const int ChangeLength = 300;

    /// <summary>Characters of any other message (events, conditions, container states).</summary>
    public const int MessageLength = 300;

    /// <summary>Containers whose logs are read, of the current and of the previous run each.</summary>
    public const int Logs = 4;

    /// <summary>Last lines read per log.</summary>
    public const int LogLines = 40;

    /// <summary>Characters kept of one log line.</summary>
    public const int LogLineLength = 300;

    /// <summary>Bytes read of one log, from its end.</summary>
    public const int LogBytes = 64 * 1024;

    /// <summary>ConfigMaps and Secrets looked at.</summary>
    public const int Configs = 20;

    /// <summary>Keys listed per ConfigMap or Secret.</summary>
    public const int ConfigKeys = 50;

    /// <summary>Nodes looked at.</summary>
    public const int Nodes = 20;
}
