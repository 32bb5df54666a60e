using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace Heal.EndToEnd.Tests;

/// <summary>The whole app with the shipped workflows and nothing but real libvirt hosts; and the guest that a test breaks, on the first of
/// them.</summary>
internal sealed class LibvirtHealer : IAsyncDisposable
{
    /// <summary>What a guest's console shows when it is up.</summary>
    public const string Userspace = "GUEST-USERSPACE";

    /// <summary>How long an incident may take; a migration counts as stuck after a minute at the least.</summary>
    private static readonly TimeSpan Within = TimeSpan.FromMinutes(6);

    /// <summary>How long anything else may take: a host that is down is believed after some looks.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly Guid _uuid = Guid.NewGuid();

    private LibvirtHealer(string guest, string state, AppDatabase database, HealProcess app) =>
        (Guest, StateFolder, Database, App) = (guest, state, database, app);

    /// <summary>The guest's name.</summary>
    public string Guest { get; }

    public string StateFolder { get; }

    public AppDatabase Database { get; }

    public HealProcess App { get; }

    /// <param name="guest">The guest's name.</param>
    /// <param name="more">Settings beside those for the first host, hv1; they count before the usual ones.</param>
    public static async Task<LibvirtHealer> CreateAsync(string guest, IReadOnlyDictionary<string, string>? more = null)
    {
        string state = Directory.CreateTempSubdirectory("heal-libvirt-").FullName;
        AppDatabase database = await AppDatabase.CreateAsync();
        var settings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["HEAL_POSTGRES"] = database.ConnectionString,
            ["HEAL_STATE"] = state,
            ["AzureWebJobsStorage"] = TestServices.Required(TestServices.Azurite),
            ["Heal__Kubernetes__Target"] = "none",
            ["Heal__Libvirt__Hosts__hv1__Uri"] = LibvirtRig.Uri,
            ["Heal__WorkflowsFolder"] = "workflows",
            ["Heal__Machines__InventoryEvery"] = "00:00:05",
            // what a killed process had in hand is free again when its lease ends
            ["AzureFunctionsJobHost__extensions__durableTask__storageProvider__workItemLockTimeout"] = "00:00:05",
            ["Logging__LogLevel__Default"] = "Information",
        };
        foreach ((string name, string value) in more ?? new Dictionary<string, string>(StringComparer.Ordinal))
        {
            settings[name] = value;
        }

        return new LibvirtHealer(guest, state, database, new HealProcess(settings));
    }

    /// <summary>The guest is defined on the first host, started, and in its userspace; then the app starts.</summary>
    public async Task StartAsync(Guest guest)
    {
        await DefineAsync(guest);
        await VirshAsync("start", Guest);
        await LibvirtRig.SeesOnConsoleAsync(Guest, Userspace);
        await App.StartAsync();
    }

    /// <summary>What the next start takes.</summary>
    public async Task DefineAsync(Guest guest)
    {
        string file = Path.Combine(StateFolder, "domain.xml");
        await File.WriteAllTextAsync(file, LibvirtRig.Domain(Guest, _uuid, guest));
        await VirshAsync("define", file);
    }

    /// <summary>The app has connected to its first host so many times.</summary>
    public Task SeesHostAsync(int times = 1) => UntilAsync(() => Task.FromResult(
        App.LogLines.Count(static line => line.Contains("hv1 answers", StringComparison.Ordinal)) >= times));

    /// <summary>The only incident, or the only one of those that are meant, once it is closed.</summary>
    public async Task<JsonObject> EndedAsync(Func<JsonObject, bool>? which = null) =>
        Assert.Single(await App.UntilIncidentsEndAsync(1, Within, which));

    public Task<IReadOnlyList<JsonObject>> EndedAsync(int count) => App.UntilIncidentsEndAsync(count, Within);

    /// <summary>The id of the incident that waits for a person.</summary>
    /// <param name="action">What is asked for.</param>
    public async Task<string> WaitsForApprovalAsync(string action)
    {
        string id = "";
        await UntilAsync(async () =>
        {
            foreach (JsonObject incident in await App.GetIncidentsAsync())
            {
                if ((string?)incident["status"]?["phase"] != "Approve") continue;
                Assert.Equal(action, (string?)incident["status"]!["action"]);
                id = (string)incident["id"]!;
            }

            return id.Length > 0;
        });
        return id;
    }

    /// <summary>A person agrees, over HTTP.</summary>
    public async Task ApproveAsync(string id)
    {
        using HttpResponseMessage answer = await App.Http.PostAsJsonAsync(
            new Uri($"/api/incidents/{id}/approval", UriKind.Relative), new { approved = true, by = "on-call" });
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
    }

    public static (string? Kind, string? Cause) OutcomeOf(JsonObject incident) =>
        ((string?)incident["outcome"]!["kind"], (string?)incident["outcome"]!["cause"]);

    /// <summary>Asks again and again: neither a log, nor a database, nor a host tells when.</summary>
    public async Task UntilAsync(Func<Task<bool>> holds)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (!await holds())
        {
            Assert.False(limit.IsCancellationRequested, $"It did not come to pass. The app's last words:\n{App.Log}");
            await Task.Delay(50);
        }
    }

    public static Task<string> VirshAsync(params string[] arguments) => LibvirtRig.VirshAsync(LibvirtRig.Uri, arguments);

    /// <summary>Nothing of the guest is left on either host.</summary>
    public async ValueTask DisposeAsync()
    {
        await App.DisposeAsync();
        foreach (string uri in (string[])[LibvirtRig.Uri, LibvirtRig.Uri2])
        {
            await LibvirtRig.RunAsync("virsh", "-q", "-c", uri, "destroy", Guest);
            await LibvirtRig.RunAsync("virsh", "-q", "-c", uri, "undefine", Guest);
        }

        File.Delete(LibvirtRig.ConsoleOf(Guest));
        await Database.DisposeAsync();
        Directory.Delete(StateFolder, recursive: true);
    }
}
