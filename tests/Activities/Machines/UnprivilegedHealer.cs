using System.Text.Json;
using Heal.Drivers.Libvirt;
using Heal.Healing;
using Heal.Postgres;
using Microsoft.Extensions.DependencyInjection;

namespace Heal.Activities.Tests;

/// <summary>What a healer of another account saw and did.</summary>
/// <param name="Alerts">What the inventory told of.</param>
/// <param name="Verdict">Of the domain's host, looked at as an incident does.</param>
internal sealed record UnprivilegedResult(IReadOnlyList<string> Alerts, DetectionVerdict Verdict, ActionStatus Status, string Detail);

/// <summary>A healer in a process of its own, under an account that is not root: looks at a host, twice, and carries one action
/// out.</summary>
internal sealed record UnprivilegedHealer(MachineFacts Machines, ActionRequest Request)
{
    /// <param name="account">Its number. It may read files, as where the tests lie may be closed to it, and nothing else.</param>
    public async Task<UnprivilegedResult> RunAsAsync(int account) =>
        JsonSerializer.Deserialize<UnprivilegedResult>(await DoomedProcess.SaysAsync(
            nameof(UnprivilegedHealer), this,
            ["setpriv", $"--reuid={account}", "--regid=65534", "--clear-groups", "--inh-caps=+dac_read_search",
                "--ambient-caps=+dac_read_search"]))!;

    /// <summary>The process's own side.</summary>
    public static async Task RunAsync()
    {
        var given = DoomedProcess.Given<UnprivilegedHealer>();
        await using var services = given.Machines.Connect();
        await using var database = new HealDatabase(
            PostgresDataSource.Create(given.Machines.Database, HealStore.Schema, "unprivileged"), HealStore.Schema);
        var hosts = services.GetRequiredService<ILibvirtHosts>();
        var machines = new MachineTools(
            hosts, new MachineMemory(database, Some.UnreadableRows), new FixedSettings(given.Machines.Options), TimeProvider.System);
        var inventory = new Inventories(machines).Of(hosts.All[0], new MachineBank());
        var signals = new List<Signal>(await inventory.LookAtAllAsync(CancellationToken.None));
        signals.AddRange(await inventory.LookAtAllAsync(CancellationToken.None));
        var host = new TargetReference(hosts.All[0].Name, TargetKinds.Hypervisor, "", hosts.All[0].Name);
        var seen = await new MachineCollector(machines).CollectAsync(host, CancellationToken.None);
        var action = new RecipeAction(
            MachineRecipes.Find(given.Request.ActionId),
            new ActionTools(
                new AbsentCluster(), new HealStore(database.DataSource), new Rig.Allowed(), TimeProvider.System, null, machines));
        var result = await DoomedMachineAction.ToTheEndAsync(() => action.RunAsync(given.Request, CancellationToken.None));
        Console.WriteLine(JsonSerializer.Serialize(new UnprivilegedResult(
            [.. signals.Select(signal => signal.Alert.Name)], MachineHealth.Judge(host, seen.Machine!).Verdict, result.Status,
            result.Detail)));
    }
}
