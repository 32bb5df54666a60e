namespace Heal.Drivers.Libvirt.Events;

/// <summary>libvirt's constants of events, as words.</summary>
internal static class EventNames
{
    private static readonly string[] Kinds =
        ["defined", "undefined", "started", "suspended", "resumed", "stopped", "shutdown", "pm-suspended", "crashed"];

    private static readonly string[][] Details =
    [
        ["added", "updated", "renamed", "from-snapshot"],
        ["removed", "renamed"],
        ["booted", "migrated", "restored", "from-snapshot", "wakeup"],
        ["paused", "migrated", "io-error", "watchdog", "restored", "from-snapshot", "api-error", "postcopy", "postcopy-failed"],
        ["unpaused", "migrated", "from-snapshot", "postcopy", "postcopy-failed"],
        ["shutdown", "destroyed", "crashed", "migrated", "saved", "failed", "from-snapshot"],
        ["finished", "guest", "host"],
        ["memory", "disk"],
        ["panicked", "crash-loaded"],
    ];

    private static readonly string[] WatchdogActions = ["none", "pause", "reset", "poweroff", "shutdown", "debug", "inject-nmi"];
    private static readonly string[] IoErrorActions = ["none", "pause", "report"];
    private static readonly string[] BlockJobTypes = ["unknown", "pull", "copy", "commit", "active-commit", "backup"];
    private static readonly string[] BlockJobStatuses = ["completed", "failed", "canceled", "ready"];
    private static readonly string[] AgentReasons = ["unknown", "domain-started", "channel"];

    public static string Kind(int kind) => In(Kinds, kind);

    public static string Detail(int kind, int detail) => kind >= 0 && kind < Details.Length ? In(Details[kind], detail) : Unknown(detail);

    public static string WatchdogAction(int action) => In(WatchdogActions, action);

    public static string IoErrorAction(int action) => In(IoErrorActions, action);

    public static string BlockJobType(int type) => In(BlockJobTypes, type);

    public static string BlockJobStatus(int status) => In(BlockJobStatuses, status);

    public static string AgentReason(int reason) => In(AgentReasons, reason);

    /// <summary>A newer libvirt knows more than we do: its number is better than nothing.</summary>
    private static string Unknown(int value) => $"unknown-{value}";

    private static string In(string[] names, int value) => value >= 0 && value < names.Length ? names[value] : Unknown(value);
}
