using System.ComponentModel;
using System.Diagnostics;

namespace Heal.Bench.Kubernetes;

/// <summary>
/// Processor time of everything that runs on this machine, by the name of the program; what began and ended in between is missed.
/// </summary>
internal sealed class Programs
{
    private readonly Dictionary<(int Id, string Name), TimeSpan> _times = [];

    /// <summary>Reads it now.</summary>
    /// <param name="named">Processes that have the name of another, by their id.</param>
    public static Programs Read(IReadOnlyDictionary<int, string> named)
    {
        var programs = new Programs();
        foreach (var process in Process.GetProcesses())
        {
            using (process)
            {
                try
                {
                    programs._times[(process.Id, named.GetValueOrDefault(process.Id) ?? process.ProcessName)] = process.TotalProcessorTime;
                }
                catch (Exception exception) when (exception is InvalidOperationException or Win32Exception)
                {
                    // It ended, or is not ours to look at.
                }
            }
        }

        return programs;
    }

    /// <summary>What each program has used since, most first.</summary>
    public IEnumerable<(string Name, TimeSpan Used)> Since(Programs before) => _times
        .GroupBy(one => one.Key.Name, one => one.Value - before._times.GetValueOrDefault(one.Key), StringComparer.Ordinal)
        .Select(program => (program.Key, new TimeSpan(program.Sum(used => used.Ticks))))
        .OrderByDescending(program => program.Item2);
}
