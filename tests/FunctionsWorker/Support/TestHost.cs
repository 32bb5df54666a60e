using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.InMemory;
using Microsoft.DurableTask.Worker;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Heal.FunctionsWorker.Tests.Support;

/// <summary>The sample application of this project on a real web server, a free port, and a content root of its own.</summary>
internal sealed class TestHost : IAsyncDisposable
{
    public const string Master = "master-key-for-tests";
    public const string HostKey = "host-key-for-tests-0";
    public const string EchoKey = "key-of-echo-for-tests";
    public const string SystemKey = "system-key-for-tests";

    /// <summary>With this setting the hub is that of host.json; without, it is in memory.</summary>
    public const string PostgresSetting = "TEST_POSTGRES";

    /// <summary>Where a host.json that does not say so finds the connection of its hub.</summary>
    public const string DefaultConnection = "DURABLE_POSTGRES";

    // What needs a schedule or a queue runs only where a test asks for it.
    public static readonly string[] Listeners =
    [
        "Tick", "TickAsText", "TickAsOwn",
        "TickAgain", "TickOnAndOn", "Beat", "Wake", "TakeOrder", "SlowOrder", "AwaitOrder", "Patient", "TakeBytes", "TakeText", "TakeId",
        "TakeMoment", "TakeTime",
        "SendText", "SendMany", "SendAndReply", "SendLate", "Forward",
    ];

    private readonly string _root;

    private TestHost(IHost host, string root, CollectingLogger log)
    {
        Host = host;
        _root = root;
        Log = log;
        string address = host.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        Client = new HttpClient { BaseAddress = new Uri(address) };
    }

    public IHost Host { get; }

    public HttpClient Client { get; }

    public CollectingLogger Log { get; }

    public T Get<T>()
        where T : notnull => Host.Services.GetRequiredService<T>();

    public static async Task<TestHost> StartAsync(
        Action<FunctionsApplicationBuilder>? configure = null,
        Dictionary<string, string>? settings = null,
        string? hostJson = null,
        string[]? listeners = null)
    {
        string root = Directory.CreateTempSubdirectory("function-host-").FullName;
        var log = new CollectingLogger();
        FunctionsApplicationBuilder builder = Builder(root, hostJson, settings, listeners ?? []);
        builder.Logging.ClearProviders().AddProvider(log).SetMinimumLevel(LogLevel.Debug);
        configure?.Invoke(builder);
        return await StartAsync(builder.Build(), root, log);
    }

    /// <summary>A host that somebody else built.</summary>
    public static async Task<TestHost> StartAsync(IHost host, string root, CollectingLogger log)
    {
        await host.StartAsync();
        return new(host, root, log);
    }

    /// <param name="listeners">The timer and queue functions that shall run; the others are disabled.</param>
    public static FunctionsApplicationBuilder Builder(
        string root, string? hostJson = null, Dictionary<string, string>? settings = null, string[]? listeners = null)
    {
        FunctionsApplicationBuilder builder = FunctionsApplication.CreateBuilder(Arguments(root, hostJson, settings, listeners));
        builder.ConfigureFunctionsWebApplication();
        if (settings?.ContainsKey(PostgresSetting) != true)
        {
            UseHubInMemory(builder);
        }

        builder.Services.AddScoped<Sample.ScopedCounter>();
        builder.Services.AddSingleton<Sample.Journal>();
        return builder;
    }

    public static void UseHubInMemory(IFunctionsWorkerApplicationBuilder builder)
    {
        var hub = new InMemoryTaskHub(TimeProvider.System);
        builder.ConfigureDurableWorker().UseTaskHub(_ => hub);
        builder.Services.AddDurableTaskClient().UseTaskHub(_ => hub);
    }

    /// <summary>The command line that makes any builder build the sample application.</summary>
    public static string[] Arguments(
        string root, string? hostJson = null, Dictionary<string, string>? settings = null, string[]? listeners = null)
    {
        File.WriteAllText(Path.Combine(root, "host.json"), hostJson ?? """{ "version": "2.0" }""");
        var all = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["applicationName"] = typeof(TestHost).Assembly.GetName().Name!,
            ["contentRoot"] = root,
            ["urls"] = "http://127.0.0.1:0",
            // whatever the shell exports is none of the tests' business
            ["AzureWebJobsStorage"] = "",
            ["HUB"] = "",
            ["HUB_CONNECTION"] = "",
            ["AzureFunctionsKeys:master"] = Master,
            ["AzureFunctionsKeys:host:default"] = HostKey,
            ["AzureFunctionsKeys:functions:Echo:default"] = EchoKey,
            ["AzureFunctionsKeys:system:durabletask_extension"] = SystemKey,
        };
        foreach (string name in Listeners.Except(listeners ?? []))
        {
            all[$"AzureWebJobs.{name}.Disabled"] = "true";
        }

        foreach ((string name, string value) in settings ?? [])
        {
            all[name] = value;
        }

        return [.. all.Select(static s => $"--{s.Key}={s.Value}")];
    }

    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? key = HostKey, HttpContent? body = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body };
        if (key is not null)
        {
            request.Headers.Add("x-functions-key", key);
        }

        return await Client.SendAsync(request);
    }

    public void WriteHostJson(string text) => File.WriteAllText(Path.Combine(_root, "host.json"), text);

    public Task<HttpResponseMessage> GetAsync(string path, string? key = HostKey) => SendAsync(HttpMethod.Get, path, key);

    public async Task<string> GetTextAsync(string path) => await (await GetAsync(path)).Content.ReadAsStringAsync();

    public static async Task<JsonObject> JsonAsync(HttpResponseMessage response) =>
        (await response.Content.ReadFromJsonAsync<JsonObject>())!;

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Host.StopAsync();
        Host.Dispose();
        Directory.Delete(_root, recursive: true);
    }
}
