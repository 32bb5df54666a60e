using System.Globalization;

namespace Heal.Bench.FunctionsWorker.Apps;

/// <summary>What the process has allocated on its heap in its life: the difference of two is what requests cost.</summary>
internal static class Allocated
{
    public static string Bytes => GC.GetTotalAllocatedBytes(precise: true).ToString(CultureInfo.InvariantCulture);
}
