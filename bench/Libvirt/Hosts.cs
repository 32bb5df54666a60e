using System.Diagnostics;
using Heal.Drivers.Libvirt;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Heal.Bench.Libvirt;

/// <summary>A host as the healer has it, and what this process costs.</summary>
internal static class Hosts
{
    public static (ServiceProvider Services, ILibvirtHost Host) Open(string uri)
    {
        var settings = new ConfigurationBuilder().AddInMemoryCollection([new("Hosts:here:Uri", uri)]).Build();
        var services = new ServiceCollection().AddLibvirtHosts(settings).BuildServiceProvider();
        return (services, services.GetRequiredService<ILibvirtHosts>().Find("here")!);
    }

    public static TimeSpan Cpu
    {
        get
        {
            using var self = Process.GetCurrentProcess();
            return self.TotalProcessorTime;
        }
    }

    public static (int Threads, int Ours, int Files, long ResidentMib) Load
    {
        get
        {
            using var self = Process.GetCurrentProcess();
            var threads = Directory.GetDirectories("/proc/self/task");
            return (threads.Length, threads.Count(IsOurs), Directory.GetFiles("/proc/self/fd").Length, self.WorkingSet64 >> 20);
        }
    }

    // a thread may end while the list is read
    private static bool IsOurs(string thread)
    {
        try
        {
            return File.ReadAllText(Path.Combine(thread, "comm")).StartsWith("libvirt", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }
}
