using System.Diagnostics;
using System.Threading.Channels;
using Heal.Drivers.Libvirt;

namespace Heal.Bench.Libvirt;

/// <summary>Inventory and statistics of many domains, the way of an event to its consumer, and what waiting costs.</summary>
internal static class Figures
{
    private const int Rounds = 50;

    public static async Task RunAsync(int domains, TimeSpan idle)
    {
        var (services, host) = Hosts.Open("test:///default");
        await using var ends = services;
        var uuids = new List<Guid>();
        for (var i = 0; i < domains; i++)
        {
            uuids.Add((await host.Domains.DefineAsync(Domain($"vm{i}"))).Uuid);
            await host.Domains.StartAsync(uuids[^1]);
        }

        Console.WriteLine($"{domains} domains on {host.Uri}; milliseconds");
        await PrintInventoryAsync(host);
        await PrintEventsAsync(host, uuids);
        await PrintIdleAsync(host, idle);
    }

    /// <summary>What a look at everything takes, and its parts.</summary>
    public static async Task PrintInventoryAsync(string uri)
    {
        var (services, host) = Hosts.Open(uri);
        await using var ends = services;
        await PrintInventoryAsync(host);
    }

    public static void Print(string what, List<double> times)
    {
        times.Sort();
        Console.WriteLine(
            $"{what,-20} p50 {times[times.Count / 2],8:0.00}  p99 {times[times.Count * 99 / 100],8:0.00}  max {times[^1],8:0.00}"
            + $"  of {times.Count}");
    }

    private static async Task PrintInventoryAsync(ILibvirtHost host)
    {
        var one = (await host.Domains.ListAsync())[0].Uuid;
        await PrintAsync("list", async () => await host.Domains.ListAsync());
        await PrintAsync("list with marks", async () =>
        {
            // as the healer looks at each domain: whether it may act on it, and what it has done to it
            foreach (var domain in await host.Domains.ListAsync())
            {
                await host.Domains.GetMetadataAsync(domain.Uuid, "urn:heal:vm:1");
                await host.Domains.GetMetadataAsync(domain.Uuid, "urn:heal:operation:1");
            }
        });
        await PrintAsync("statistics", async () => await host.Domains.GetStatsAsync());
        await PrintAsync("one domain", async () => await host.Domains.FindAsync(one));
    }

    private static async Task PrintAsync(string what, Func<Task> act)
    {
        await act();
        var times = new List<double>();
        for (var i = 0; i < Rounds; i++)
        {
            var began = Stopwatch.GetTimestamp();
            await act();
            times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }

        Print(what, times);
    }

    /// <summary>From before the call that causes it to the consumer.</summary>
    private static async Task PrintEventsAsync(ILibvirtHost host, List<Guid> uuids)
    {
        using var stop = new CancellationTokenSource();
        var seen = Channel.CreateUnbounded<HostEvent>();
        var following = Task.Run(async () =>
        {
            await foreach (var happened in host.WatchAsync(stop.Token))
                await seen.Writer.WriteAsync(happened);
        });
        await NextAsync(seen, happened => happened is ConnectedEvent);
        var times = new List<double>();
        foreach (var uuid in uuids)
        {
            var began = Stopwatch.GetTimestamp();
            await host.Domains.SuspendAsync(uuid);
            await NextAsync(seen, happened => happened is LifecycleEvent { Kind: "suspended" } life && life.Uuid == uuid);
            times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }

        Print("event to consumer", times);
        await stop.CancelAsync();
        await following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>With events followed and statistics and inventory every 30 s, as the healer does.</summary>
    private static async Task PrintIdleAsync(ILibvirtHost host, TimeSpan idle)
    {
        using var stop = new CancellationTokenSource(idle);
        var (cpu, began) = (Hosts.Cpu, Stopwatch.GetTimestamp());
        await host.Domains.ListAsync(CancellationToken.None);
        await host.Domains.GetStatsAsync(CancellationToken.None);
        try
        {
            await foreach (var _ in host.WatchAsync(stop.Token))
            {
            }
        }
        catch (OperationCanceledException)
        {
            // the time is over
        }

        var share = (Hosts.Cpu - cpu) / Stopwatch.GetElapsedTime(began);
        Console.WriteLine($"{"idle CPU",-20} {share,8:P2} of one processor over {idle.TotalSeconds:0} s");
    }

    private static async Task NextAsync(Channel<HostEvent> seen, Func<HostEvent, bool> fits)
    {
        while (!fits(await seen.Reader.ReadAsync()))
        {
        }
    }

    private static string Domain(string name) =>
        $"""
        <domain type='test'>
          <name>{name}</name><memory unit='MiB'>64</memory><vcpu>1</vcpu><os><type arch='i686'>hvm</type></os>
        </domain>
        """;
}
