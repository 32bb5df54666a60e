using System.Diagnostics;
using Heal.Drivers.Libvirt;

namespace Heal.Bench.Libvirt;

/// <summary>Follows a host as the healer does, while somebody restarts its daemon: what grows would show.</summary>
internal static class Soak
{
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(5);

    private static int s_connected, s_lost, s_answered, s_refused;

    public static async Task RunAsync(string uri, TimeSpan length)
    {
        var (services, host) = Hosts.Open(uri);
        await using var ends = services;
        using var stop = new CancellationTokenSource(length);
        var following = FollowAsync(host, stop.Token);
        var polling = PollAsync(host, stop.Token);
        Console.WriteLine("minute  threads  ours  files  MiB   CPU      connected  lost  answered  refused");
        using var minutes = new PeriodicTimer(TimeSpan.FromMinutes(1));
        try
        {
            for (var minute = 1; ; minute++)
            {
                var (cpu, began) = (Hosts.Cpu, Stopwatch.GetTimestamp());
                await minutes.WaitForNextTickAsync(stop.Token);
                Print(minute, (Hosts.Cpu - cpu) / Stopwatch.GetElapsedTime(began));
            }
        }
        catch (OperationCanceledException)
        {
            await following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await polling.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static void Print(int minute, double share)
    {
        var load = Hosts.Load;
        Console.WriteLine(
            $"{minute,6}  {load.Threads,7}  {load.Ours,4}  {load.Files,5}  {load.ResidentMib,3}  {share,6:P2}  "
            + $"{s_connected,9}  {s_lost,4}  {s_answered,8}  {s_refused,7}");
    }

    private static async Task FollowAsync(ILibvirtHost host, CancellationToken cancellationToken)
    {
        await foreach (var happened in host.WatchAsync(cancellationToken))
        {
            if (happened is ConnectedEvent)
                s_connected++;
            else if (happened is DisconnectedEvent)
                s_lost++;
        }
    }

    private static async Task PollAsync(ILibvirtHost host, CancellationToken cancellationToken)
    {
        using var ticks = new PeriodicTimer(Poll);
        while (await ticks.WaitForNextTickAsync(cancellationToken))
        {
            try
            {
                await host.Domains.ListAsync(cancellationToken);
                await host.Domains.GetStatsAsync(cancellationToken);
                s_answered++;
            }
            catch (LibvirtException)
            {
                s_refused++;
            }
        }
    }
}
