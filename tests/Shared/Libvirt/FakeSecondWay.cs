using System.Reflection;
using Heal.Drivers.Libvirt;

namespace Heal.Shared.Tests;

/// <summary>Another way to a <see cref="FakeLibvirtHost"/>: calls that come by it get through while the host does not answer otherwise.
/// Failures that a test ordered hit them too.</summary>
internal class FakeSecondWay : DispatchProxy
{
    private static readonly AsyncLocal<bool> Taken = new();
    private object _inner = null!;

    public static bool IsTaken => Taken.Value;

    public static ILibvirtHost To(FakeLibvirtHost host) => Around<ILibvirtHost>(host);

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        Taken.Value = true;
        try
        {
            var answer = targetMethod!.Invoke(_inner, BindingFlags.DoNotWrapExceptions, null, args, null);
            return answer is IDomains domains ? Around(domains) : answer;
        }
        finally
        {
            Taken.Value = false;
        }
    }

    private static T Around<T>(T inner)
        where T : class
    {
        var proxy = Create<T, FakeSecondWay>();
        ((FakeSecondWay)(object)proxy)._inner = inner;
        return proxy;
    }
}

/// <summary>Opens second ways to hosts, by their URIs.</summary>
internal sealed class FakeConnector : ILibvirtConnector
{
    public Dictionary<string, FakeLibvirtHost> Ways { get; } = new(StringComparer.Ordinal);

    public ILibvirtHost Open(string name, LibvirtHostOptions options)
    {
        if (Ways.TryGetValue(options.Uri, out var host)) return FakeSecondWay.To(host);
        var nobody = new FakeLibvirtHost(name);
        nobody.StopDaemon();
        return nobody;
    }
}

/// <summary>The locks that the emulators of some hosts hold on their images, as a machine sees them that has the hosts' folder
/// <c>/shared</c> as <c>/here</c>.</summary>
internal sealed class FakeImageLocks(params FakeLibvirtHost[] hosts) : IImageLocks
{
    /// <summary>Locks do not reach the machine that looks.</summary>
    public bool DoNotTravel { get; set; }

    /// <summary>Images that somebody else writes to.</summary>
    public HashSet<string> AlsoHeld { get; } = new(StringComparer.Ordinal);

    public ImageLock Look(string path)
    {
        if (!path.StartsWith("/here/", StringComparison.Ordinal)) return new ImageLock(ImageLockState.Unknown, "No such file or directory");
        var image = "/shared/" + path["/here/".Length..];
        var isHeld = AlsoHeld.Contains(image) || hosts.Any(host => host.Guests.Writes(image));
        return new ImageLock(isHeld && !DoNotTravel ? ImageLockState.Held : ImageLockState.Free, "");
    }
}
