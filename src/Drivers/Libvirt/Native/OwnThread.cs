namespace Heal.Drivers.Libvirt.Native;

/// <summary>Background threads for what may block without limit: never the pool's, and none keeps the process from ending.</summary>
internal static class OwnThread
{
    public static void Start(string name, Action body) => new Thread(() => body()) { IsBackground = true, Name = name }.Start();
}
