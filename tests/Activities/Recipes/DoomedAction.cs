using Heal.Healing;
using Heal.Postgres;

namespace Heal.Activities.Tests;

/// <summary>One run of an action in a process of its own, which dies by SIGKILL at a point of it: no handler, no finally.</summary>
internal sealed record DoomedAction(ShopFacts Shop, string Case, ActionRequest Request, string At)
{
    /// <summary>Starts the process and waits for its end; throws with its words when it ended in any other way.</summary>
    public Task DieAsync() => DoomedProcess.DieAsync(nameof(DoomedAction), this, $"{Case}, {At}");

    /// <summary>The process's own side.</summary>
    public static async Task RunAsync()
    {
        var doomed = DoomedProcess.Given<DoomedAction>();
        var item = RecipeCases.Named(doomed.Case);
        using var http = new HttpClient();
        using var cluster = doomed.Shop.Cluster.Connect();
        await using var database = PostgresDataSource.Create(doomed.Shop.Database, HealStore.Schema, "doomed");
        var client = new WatchedClient(cluster, _ => doomed.ReachAsync("before write"), _ => doomed.ReachAsync("after write"));
        var store = new KilledStore(new HealStore(database), doomed.At, _ => DoomedProcess.Die());
        var tools = new ActionTools(
            client, store, new Rig.Allowed(), item.Clock, doomed.Shop.Power(http), Given: doomed.Shop.Ports(http));
        var result = await item.ActionWith(tools).RunAsync(doomed.Request, CancellationToken.None);
        Console.WriteLine($"{result.Status}: {result.Detail}");
    }

    private Task ReachAsync(string point)
    {
        if (point == At) DoomedProcess.Die();
        return Task.CompletedTask;
    }
}
