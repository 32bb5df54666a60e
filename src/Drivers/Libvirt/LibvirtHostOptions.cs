namespace Heal.Drivers.Libvirt;

/// <summary>How to reach one host, and how long to wait for it.</summary>
public sealed class LibvirtHostOptions
{
    /// <summary>For example <c>qemu:///system</c>, <c>qemu:///system?socket=/run/libvirt/libvirt-sock</c>, <c>qemu+ssh://host/system</c>,
    /// <c>test:///default</c>.</summary>
    public string Uri { get; set; } = "";

    /// <summary>Opens the connection read-only: whatever would change something is refused.</summary>
    public bool ReadOnly { get; set; }

    /// <summary>Of one call, the wait for the connection and for a thread included. Default 30 s.</summary>
    public TimeSpan CallTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Of opening a connection. Default 10 s.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Threads that calls to this host may occupy, those that hang included. Default 4; the rest waits.</summary>
    public int MaxThreads { get; set; } = 4;

    /// <summary>Migrations that may be under way from this host at once; they have threads of their own. Default 2; more wait.</summary>
    public int MaxMigrations { get; set; } = 2;

    /// <summary>Copies of volumes that may be under way on this host at once; they have threads of their own. Default 2; more
    /// wait.</summary>
    public int MaxCopies { get; set; } = 2;

    /// <summary>Where guests that move to this host are received, for example <c>tcp://10.9.0.2</c> on a network for it; empty (the
    /// default): libvirt chooses. With a <c>unix:///</c> path only one guest at a time may come.</summary>
    public string MigrationUri { get; set; } = "";

    /// <summary>Calls that may wait for a thread. Default 64; more are refused.</summary>
    public int MaxWaiting { get; set; } = 64;

    /// <summary>Keepalive interval in seconds. Default 5.</summary>
    public int KeepAliveSeconds { get; set; } = 5;

    /// <summary>Unanswered keepalives after which the connection is given up. Default 3.</summary>
    public int KeepAliveCount { get; set; } = 3;

    /// <summary>Failures in a row (timeouts, lost or refused connections) after which calls are refused at once. Default 5.</summary>
    public int BreakAfter { get; set; } = 5;

    /// <summary>How long they are. Default 15 s.</summary>
    public TimeSpan BreakFor { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>The longest pause between two attempts to connect; it doubles from 500 ms. Default 30 s.</summary>
    public TimeSpan MaxReconnectDelay { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Events that a consumer may be behind. Default 10,000.</summary>
    public int EventBacklog { get; set; } = 10_000;
}
