namespace Heal.Drivers.Libvirt.Subjects;

/// <summary>libvirt's reasons of a domain's state, as words.</summary>
internal static class StateReasons
{
    private static readonly string[] Unknown = ["unknown"];

    private static readonly string[] Running =
    [
        "unknown", "booted", "migrated", "restored", "from-snapshot", "unpaused", "migration-canceled", "save-canceled", "wakeup",
        "crashed", "postcopy", "postcopy-failed",
    ];

    private static readonly string[] Paused =
    [
        "unknown", "user", "migration", "save", "dump", "io-error", "watchdog", "from-snapshot", "shutting-down", "snapshot", "crashed",
        "starting-up", "postcopy", "postcopy-failed",
    ];

    private static readonly string[] ShuttingDown = ["unknown", "user"];

    private static readonly string[] ShutOff =
        ["unknown", "shutdown", "destroyed", "crashed", "migrated", "saved", "failed", "from-snapshot", "daemon"];

    private static readonly string[] Crashed = ["unknown", "panicked"];

    public static string NameOf(int state, int reason)
    {
        var names = (DomainState)state switch
        {
            DomainState.Running => Running,
            DomainState.Paused => Paused,
            DomainState.ShuttingDown => ShuttingDown,
            DomainState.ShutOff => ShutOff,
            DomainState.Crashed => Crashed,
            _ => Unknown,
        };
        return reason >= 0 && reason < names.Length ? names[reason] : $"unknown-{reason}";
    }
}
