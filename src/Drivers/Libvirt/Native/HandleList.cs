using System.Runtime.InteropServices;

namespace Heal.Drivers.Libvirt.Native;

/// <summary>Arrays of objects that libvirt allocated: the handles become ours, the array is freed.</summary>
internal static unsafe class HandleList
{
    /// <param name="call">One of the <c>virConnectListAll...</c> functions with its arguments.</param>
    public static Owned<T> Take<T>(ListCall call, Func<nint, T> wrap)
        where T : LibvirtHandle
    {
        nint* items = null;
        var count = NativeFault.Check(call(&items));
        try
        {
            var handles = new T[count];
            for (var i = 0; i < count; i++)
                handles[i] = wrap(items[i]);
            return new Owned<T>(handles);
        }
        finally
        {
            NativeMemory.Free(items);
        }
    }

    public delegate int ListCall(nint** items);

    /// <summary>Handles that end together.</summary>
    public readonly struct Owned<T>(T[] items) : IDisposable
        where T : LibvirtHandle
    {
        public T[] Items => items;

        public void Dispose()
        {
            foreach (var item in items)
                item.Dispose();
        }
    }
}
