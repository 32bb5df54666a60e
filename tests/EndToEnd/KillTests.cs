using System.Net;
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
    private const int KillsWanted = 50;
    private const int IncidentsPerRound = 3;
    private const int MaximumRounds = 12;

    /// <summary>A round has up to forty kills, each with a start of the app and the end of a lease behind it.</summary>
    private static readonly TimeSpan RoundLimit = TimeSpan.FromMinutes(8);

    [Fact]
    public async Task Fifty_kills_lose_no_incident_and_double_no_rollback()
    {
        await using HealEnvironment heal = await HealEnvironment.CreateAsync();
        var killer = new Killer(heal);
        await heal.App.StartAsync();
        int incidents = 0;
        for (int round = 0; round < MaximumRounds && heal.App.Kills < KillsWanted; round++)
        {
            string[] names = [.. Enumerable.Range(0, IncidentsPerRound).Select(i => $"cart-{round}-{i}")];
            await Task.WhenAll(names.Select(name => heal.Cluster.CreateDeploymentAsync(name)));
            await Task.WhenAll(names.Select(heal.Cluster.MountBadConfigAsync));
            killer.Arm(round);
            incidents += names.Length;
            IReadOnlyList<JsonObject> ended = await killer.KeepRestartingUntilAsync(RaiseAndWaitAsync(heal, names, incidents));
            killer.Disarm();

            Assert.All(ended, incident => Assert.Equal("Healed", (string?)incident["outcome"]?["kind"]));
            foreach (string name in names)
            {
                JsonObject deployment = await heal.Cluster.GetDeploymentAsync(name);
                Assert.Equal(3, SimulatedCluster.Generation(deployment));
                Assert.True(SimulatedCluster.IsHealthy(deployment), deployment.ToJsonString());
            }
        }

        output.WriteLine($"{heal.App.Kills} kills, {incidents} incidents, points: {string.Join(", ", killer.Points)}");
        Assert.True(heal.App.Kills >= KillsWanted, $"expected at least {KillsWanted} kills, got {heal.App.Kills}");
        Assert.Equal(incidents, await heal.QueryAsync<long>("SELECT count(*) FROM heal.operation_ledger"));
        Assert.Contains(killer.Points, point => point.StartsWith("before PATCH", StringComparison.Ordinal));
        Assert.Contains(killer.Points, point => point.StartsWith("after PATCH", StringComparison.Ordinal));
        Assert.Contains("RunAction started", killer.Points);
        Assert.Contains("VerifyTarget completed", killer.Points);
    }

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
            catch (HttpRequestException)
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

    /// <summary>Kills once per round at each boundary of each activity, around the patch of each round, and at every n-th call.</summary>
    private sealed partial class Killer
    {
        private readonly HealEnvironment _heal;
        private readonly Lock _lock = new();
        private bool _armed;
        private int _calls;
        private int _stride = 1;
        private readonly HashSet<string> _pointsOfRound = new(StringComparer.Ordinal);

        public Killer(HealEnvironment heal)
        {
            _heal = heal;
            heal.Cluster.Proxy.Arrived = request => ConsiderCall("before", request.Method, request.Path);
            heal.Cluster.Proxy.Answered = (request, _) => ConsiderCall("after", request.Method, request.Path);
            heal.App.LinePrinted = line =>
            {
                if (ActivityBoundary().Match(line) is { Success: true } boundary)
                {
                    Consider(() => true, $"{boundary.Groups[1].Value} {boundary.Groups[2].Value}");
                }
            };
        }

        public List<string> Points { get; } = [];

        public void Arm(int round)
        {
            lock (_lock)
            {
                _calls = 0;
                _stride = 7 + (round * 3);
                _pointsOfRound.Clear();
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

        private void ConsiderCall(string when, string method, string path)
        {
            string point = $"{when} {method} {path.Split('/')[^1].Split('-')[0]}";
            Consider(() => method == "PATCH" || ++_calls % _stride == 0, point);
        }

        private void Consider(Func<bool> isDue, string point)
        {
            lock (_lock)
            {
                // What a dead process had printed before may arrive late: then there is nothing to kill.
                if (!_armed || !isDue() || _pointsOfRound.Contains(point) || !_heal.App.Kill())
                {
                    return;
                }

                _pointsOfRound.Add(point);
                Points.Add(point);
            }
        }

        [GeneratedRegex("activity '(\\w+)' (started|completed)")]
        private static partial Regex ActivityBoundary();
    }
}
