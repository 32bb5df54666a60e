namespace Heal.Healing;

/// <summary>
/// Bounds on an evidence bundle. It travels through the incident's history, so that all of it together stays well below 200 KB.
/// What was left out is counted in <see cref="EvidenceBundle.Gaps"/>, never silently dropped.
/// </summary>
public static class EvidenceLimits
{
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

    /// <summary>Containers whose logs are read.</summary>
    public const int Logs = 4;

    /// <summary>Last lines read per log.</summary>
    public const int LogLines = 40;

    /// <summary>Characters kept of one log line.</summary>
    public const int LogLineLength = 300;

    /// <summary>ConfigMaps looked at.</summary>
    public const int Configs = 20;

    /// <summary>Keys listed per ConfigMap.</summary>
    public const int ConfigKeys = 50;

    /// <summary>Nodes looked at.</summary>
    public const int Nodes = 20;
}
