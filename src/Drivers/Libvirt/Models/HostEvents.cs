namespace Heal.Drivers.Libvirt;

/// <summary>Something that happened on a host. See <see cref="ILibvirtHost.WatchAsync"/>.</summary>
/// <param name="At">When this process heard of it.</param>
public abstract record HostEvent(DateTimeOffset At);

/// <summary>The event connection stands: whoever keeps an inventory looks now.</summary>
/// <param name="Missed">True when events may have been missed: after a reconnect, or after falling behind.</param>
public sealed record ConnectedEvent(DateTimeOffset At, bool Missed) : HostEvent(At);

/// <param name="Reason"><c>error</c>, <c>eof</c>, <c>keepalive</c>, <c>client</c>, or what opening it failed with.</param>
public sealed record DisconnectedEvent(DateTimeOffset At, string Reason) : HostEvent(At);

/// <summary>An event of one domain.</summary>
public abstract record DomainEvent(DateTimeOffset At, Guid Uuid, string Name) : HostEvent(At);

/// <param name="Kind"><c>defined</c>, <c>undefined</c>, <c>started</c>, <c>suspended</c>, <c>resumed</c>, <c>stopped</c>,
/// <c>shutdown</c>, <c>pm-suspended</c>, <c>crashed</c>.</param>
/// <param name="Detail">libvirt's detail in the same style, for example <c>destroyed</c>, <c>crashed</c>, <c>failed</c>,
/// <c>migrated</c>, <c>io-error</c>, <c>panicked</c>, <c>guest</c>, <c>host</c>, <c>finished</c>.</param>
public sealed record LifecycleEvent(DateTimeOffset At, Guid Uuid, string Name, string Kind, string Detail) : DomainEvent(At, Uuid, Name);

/// <param name="Action"><c>none</c>, <c>pause</c>, <c>reset</c>, <c>poweroff</c>, <c>shutdown</c>, <c>debug</c>, <c>inject-nmi</c>.</param>
public sealed record WatchdogEvent(DateTimeOffset At, Guid Uuid, string Name, string Action) : DomainEvent(At, Uuid, Name);

/// <param name="Path">Of the image.</param>
/// <param name="Action"><c>none</c>, <c>pause</c>, <c>report</c>.</param>
/// <param name="Reason">For example <c>enospc</c>; empty when QEMU does not say.</param>
public sealed record IoErrorEvent(DateTimeOffset At, Guid Uuid, string Name, string Path, string Device, string Action, string Reason)
    : DomainEvent(At, Uuid, Name);

public sealed record RebootEvent(DateTimeOffset At, Guid Uuid, string Name) : DomainEvent(At, Uuid, Name);

/// <summary>The control channel to the guest's emulator broke.</summary>
public sealed record ControlErrorEvent(DateTimeOffset At, Guid Uuid, string Name) : DomainEvent(At, Uuid, Name);

/// <param name="Status"><c>completed</c>, <c>failed</c>, <c>canceled</c>, <c>ready</c>.</param>
public sealed record BlockJobEvent(DateTimeOffset At, Guid Uuid, string Name, string Disk, string Type, string Status)
    : DomainEvent(At, Uuid, Name);

public sealed record DeviceRemovedEvent(DateTimeOffset At, Guid Uuid, string Name, string Alias) : DomainEvent(At, Uuid, Name);

/// <param name="Connected">Whether the agent in the guest is there.</param>
/// <param name="Reason"><c>domain-started</c>, <c>channel</c> or <c>unknown</c>.</param>
public sealed record AgentEvent(DateTimeOffset At, Guid Uuid, string Name, bool Connected, string Reason) : DomainEvent(At, Uuid, Name);
