using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;
using Heal.Healing;
using Heal.Postgres;

namespace Heal.Activities.Tests;

/// <summary>One run of an action in a process of its own, which dies by SIGKILL at a point of it: no handler, no finally.</summary>
internal sealed record DoomedAction(ShopFacts Shop, string Case, ActionRequest Request, string At)
{
    /// <summary>What the shell would say of a process that SIGKILL ended: 128 and the signal's number.</summary>
    private const int Killed = 137;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private static readonly JsonSerializerOptions Json =
        new() { PreferredObjectCreationHandling = JsonObjectCreationHandling.Populate, RespectRequiredConstructorParameters = true };

    /// <summary>Starts the process and waits for its end; throws with its words when it ended in any other way.</summary>
    public async Task DieAsync()
    {
        var start = new ProcessStartInfo("dotnet", [typeof(DoomedAction).Assembly.Location])
        {
            UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        using var limit = new CancellationTokenSource(Patience);
        using var process = Process.Start(start)!;
        var words = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        var errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
        await process.StandardInput.WriteAsync(JsonSerializer.Serialize(this, Json).AsMemory(), limit.Token);
        process.StandardInput.Close();
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        finally
        {
            if (!process.HasExited) process.Kill();
        }

        Assert.True(process.ExitCode == Killed,
            $"{Case} was not killed {At} but ended with {process.ExitCode}:\n{await words}\n{await errors}");
    }

    /// <summary>The process's own side.</summary>
    public static async Task RunAsync(TextReader input)
    {
        var doomed = JsonSerializer.Deserialize<DoomedAction>(await input.ReadToEndAsync(), Json)!;
        var item = RecipeCases.Named(doomed.Case);
        using var http = new HttpClient();
        using var cluster = doomed.Shop.Cluster.Connect();
        await using var database = PostgresDataSource.Create(doomed.Shop.Database, HealStore.Schema, "doomed");
        var client = new WatchedClient(cluster, _ => doomed.ReachAsync("before write"), _ => doomed.ReachAsync("after write"));
        var store = new KilledStore(new HealStore(database), doomed.At, _ => Die());
        var tools = new ActionTools(
            client, store, new Rig.Allowed(), item.Clock, doomed.Shop.Power(http), Given: doomed.Shop.Ports(http));
        var result = await item.ActionWith(tools).RunAsync(doomed.Request, CancellationToken.None);
        Console.WriteLine($"{result.Status}: {result.Detail}");
    }

    private Task ReachAsync(string point)
    {
        if (point == At) Die();
        return Task.CompletedTask;
    }

    private static void Die()
    {
        using var self = Process.GetCurrentProcess();
        self.Kill();
        Thread.Sleep(Timeout.Infinite);
    }
}
