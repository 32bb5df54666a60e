namespace Heal.Drivers.Libvirt.Native;

/// <summary>
/// libvirt's event loop: one thread for the process. It must be there before the first connection is opened, or keepalive and events
/// of that connection do not work. It waits in poll without a timeout and is a background thread: it keeps no process alive.
/// </summary>
internal static class EventLoop
{
    private static readonly TimeSpan PauseAfterFault = TimeSpan.FromMilliseconds(500);

    /// <summary>Null, or why there is none.</summary>
    public static string? Start()
    {
        if (LibvirtApi.virEventRegisterDefaultImpl() < 0)
            return "virEventRegisterDefaultImpl failed: " + NativeFault.Last().Message;
        OwnThread.Start("libvirt events", Run);
        return null;
    }

    private static void Run()
    {
        using var never = new ManualResetEventSlim();
        while (true)
        {
            // it fails only when the system's own calls do (out of memory): not to spin is all that can be done
            if (LibvirtApi.virEventRunDefaultImpl() < 0)
                never.Wait(PauseAfterFault);
        }
    }
}
