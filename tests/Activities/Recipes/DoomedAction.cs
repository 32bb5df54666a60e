using Heal.Healing;
using Heal.Postgres;

namespace Heal.Activities.Tests;

/// <summary>One run of an action in a process of its own, which dies by SIGKILL at a point of it: no handler, no finally.</summary>
internal sealed record DoomedAction(ShopFacts Shop, string Case, ActionRequest Request, string At)
{
    public const string AfterWrite = "after write";

    /// <summary>The end of what it did, where that is what the process dies at; null: the action itself.</summary>
    public UndoRequest? End { get; init; }

    /// <summary>Starts the process and waits for its end; throws with its words when it ended in any other way.</summary>
    public Task DieAsync() => DoomedProcess.DieAsync(nameof(DoomedAction), this, $"{Case}, {At}");

    /// <summary>The process's own side.</summary>
    public static async Task RunAsync()
    {
        var doomed = DoomedProcess.Given<DoomedAction>();
        var item = RecipeCases.Named(doomed.Case);
        if (doomed.At == AfterWrite) Environment.SetEnvironmentVariable(DeadlyWrites.Pusher, $"{Environment.ProcessId}");
        using var http = new HttpClient(new DeadlyWrites.Http(() => doomed.ReachAsync(AfterWrite)));
        using var cluster = doomed.Shop.Cluster.Connect();
        await using var database = PostgresDataSource.Create(doomed.Shop.Database, HealStore.Schema, "doomed");
        var client = new WatchedClient(cluster, _ => doomed.ReachAsync("before write"), _ => doomed.ReachAsync(AfterWrite));
        var store = new KilledStore(new HealStore(database), doomed.At, _ => DoomedProcess.Die());
        var kept = new DeadlyWrites.Kept(new EvidenceStore(database, TimeProvider.System), () => doomed.ReachAsync(AfterWrite));
        var ports = doomed.Shop.Ports(http, cluster, store, kept);
        ports = ports with { Sessions = new DeadlyWrites.Sessions(ports.Sessions!, () => doomed.ReachAsync(AfterWrite)) };
        var tools = new ActionTools(client, store, new Rig.Allowed(), item.Clock, doomed.Shop.Power(http), Given: ports);
        var action = item.ActionWith(tools);
        var result = doomed.End is { } end
            ? await action.UndoAsync(end, CancellationToken.None) : await action.RunAsync(doomed.Request, CancellationToken.None);
        Console.WriteLine($"{result.Status}: {result.Detail}");
    }

    private Task ReachAsync(string point)
    {
        if (point == At) DoomedProcess.Die();
        return Task.CompletedTask;
    }
}
