using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Xunit.Abstractions;

namespace Heal.EndToEnd.Tests;

/// <summary>
/// SIGKILL at any moment of an incident: it goes on where it was, and its rollback is applied once. The test kills at every phase boundary
/// (when an activity starts, and when it has ended but is not stored yet), and, because it sits between the app and its cluster, before a
/// call arrives there and after a call took effect but before the app heard of it.
/// </summary>
public sealed partial class KillTests(ITestOutputHelper output)
{
    private const int Incidents = 3;

    /// <summary>Forty kills at most, each with a start of the app and the end of a lease behind it.</summary>
    private static readonly TimeSpan RoundLimit = TimeSpan.FromMinutes(8);

    /// <summary>Where a round kills. Three rounds make some fifty kills.</summary>
    public enum Moment
    {
        /// <summary>An activity has just been started.</summary>
        ActivityStarted,

        /// <summary>An activity has ended, and its outcome is not stored yet.</summary>
        ActivityEnded,

        /// <summary>A call is on its way to the cluster, or took effect there and the app has not heard of it.</summary>
        ClusterCall,
    }

    // Nine activities, twice each, would be 18; a kill that comes after its point was stored is not tried again there. What ended is stored
    // within a millisecond: several kills come too late.
    [Theory]
    [InlineData(Moment.ActivityStarted, 16)]
    [InlineData(Moment.ActivityEnded, 12)]
    [InlineData(Moment.ClusterCall, 18)]
    public async Task Kills_lose_no_incident_and_double_no_rollback(Moment moment, int killsWanted)
    {
        await using HealEnvironment heal = await HealEnvironment.CreateAsync();
        var killer = new Killer(heal, moment);
        await heal.App.StartAsync();
        string[] names = [.. Enumerable.Range(0, Incidents).Select(i => $"cart-{i}")];
        await Task.WhenAll(names.Select(name => heal.Cluster.CreateDeploymentAsync(name)));
        await Task.WhenAll(names.Select(heal.Cluster.MountBadConfigAsync));

        killer.Arm();
        IReadOnlyList<JsonObject> ended = await killer.KeepRestartingUntilAsync(RaiseAndWaitAsync(heal, names, Incidents));
        killer.Disarm();

        output.WriteLine($"{heal.App.Kills} kills, {Incidents} incidents, points: {string.Join(", ", killer.Points)}");
        Assert.Equal(Incidents, ended.Count);
        Assert.All(ended, incident => Assert.Equal("Healed", (string?)incident["outcome"]?["kind"]));
        foreach (string name in names)
        {
            JsonObject deployment = await heal.Cluster.GetDeploymentAsync(name);
            Assert.Equal(3, SimulatedCluster.Generation(deployment));
            Assert.True(SimulatedCluster.IsHealthy(deployment), deployment.ToJsonString());
        }

        Assert.Equal(Incidents, await heal.QueryAsync<long>("SELECT count(*) FROM heal.operation_ledger"));
        Assert.True(heal.App.Kills >= killsWanted, $"expected at least {killsWanted} kills, got {heal.App.Kills}");
        Assert.Superset(MustKill(moment), killer.Points.ToHashSet(StringComparer.Ordinal));
    }

    /// <summary>The points around the effect: without them a round proves little.</summary>
    private static HashSet<string> MustKill(Moment moment) => moment switch
    {
        Moment.ActivityStarted => ["RouteSignals started", "RunAction started", "VerifyTarget started"],
        Moment.ActivityEnded => ["RunAction completed", "RouteSignals completed"],
        _ => ["before PATCH cart", "after PATCH cart"],
    };

    private static async Task<IReadOnlyList<JsonObject>> RaiseAndWaitAsync(HealEnvironment heal, string[] names, int incidents)
    {
        foreach (string name in names)
        {
            await RaiseUntilAcceptedAsync(heal, name);
        }

        return await heal.UntilIncidentsEndAsync(incidents, RoundLimit);
    }

    /// <summary>As Alertmanager does: what was not acknowledged is sent again.</summary>
    private static async Task RaiseUntilAcceptedAsync(HealEnvironment heal, string name)
    {
        using var limit = new CancellationTokenSource(RoundLimit);
        string pod = await heal.Cluster.UntilPodWaitsAsync(name, "CrashLoopBackOff");
        string payload = Alerts.CrashLooping(pod, DateTimeOffset.UtcNow);
        while (true)
        {
            try
            {
                using HttpResponseMessage answer = await heal.PostAlertsAsync(payload);
                if (answer.StatusCode == HttpStatusCode.Accepted)
                {
                    return;
                }
            }
            catch (Exception away) when (away is HttpRequestException or IOException or SocketException)
            {
                // Killed while it answered.
            }

            await Task.Delay(100, limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (limit.IsCancellationRequested)
            {
                throw new TimeoutException($"The alert for '{name}' was not accepted. The app's last words:\n{heal.App.Log}");
            }
        }
    }

    /// <summary>Kills at every point of its kind, twice each; but not at every one of the many reads that evidence is made of.</summary>
    private sealed partial class Killer
    {
        private const int KillsPerPoint = 2;

        /// <summary>An activity that loses more than 50 workers, one after the other, is refused as the one that kills them.</summary>
        private const int KillsAtReads = 20;

        private readonly HealEnvironment _heal;
        private readonly Lock _lock = new();
        private bool _armed;

        public Killer(HealEnvironment heal, Moment moment)
        {
            _heal = heal;
            switch (moment)
            {
                case Moment.ClusterCall:
                    heal.Cluster.Proxy.Arrived = request => Consider(PointOf("before", request.Method, request.Path));
                    heal.Cluster.Proxy.Answered = (request, _) => Consider(PointOf("after", request.Method, request.Path));
                    break;
                default:
                    string boundary = moment == Moment.ActivityStarted ? "started" : "completed";
                    heal.App.LinePrinted = line =>
                    {
                        if (ActivityBoundary().Match(line) is { Success: true } match && match.Groups[2].Value == boundary)
                        {
                            Consider($"{match.Groups[1].Value} {boundary}");
                        }
                    };
                    break;
            }
        }

        public List<string> Points { get; } = [];

        public void Arm()
        {
            lock (_lock)
            {
                _armed = true;
            }
        }

        public void Disarm()
        {
            lock (_lock)
            {
                _armed = false;
            }
        }

        /// <summary>What a supervisor does: a process that is gone, whyever, is started again.</summary>
        public async Task<T> KeepRestartingUntilAsync<T>(Task<T> done)
        {
            while (!done.IsCompleted)
            {
                Task ended = _heal.App.WaitForExitAsync();
                if (await Task.WhenAny(done, ended) == ended)
                {
                    _heal.App.Launch();
                }
            }

            return await done;
        }

        // The kind of object, or the stem of its name.
        private static string PointOf(string when, string method, string path) => $"{when} {method} {path.Split('/')[^1].Split('-')[0]}";

        private static bool IsRead(string point) => point.Contains(" GET ", StringComparison.Ordinal);

        private void Consider(string point)
        {
            lock (_lock)
            {
                // What a dead process had printed before may arrive late: then there is nothing to kill.
                if (_armed && Points.Count(known => known == point) < KillsPerPoint
                    && !(IsRead(point) && Points.Count(IsRead) >= KillsAtReads) && _heal.App.Kill())
                {
                    Points.Add(point);
                }
            }
        }

        [GeneratedRegex("activity '(\\w+)' (started|completed)")]
        private static partial Regex ActivityBoundary();
    }
}
