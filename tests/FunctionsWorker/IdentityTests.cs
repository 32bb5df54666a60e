using Azure.Storage.Queues;
using Azure.Storage.Queues.Models;
using Heal.FunctionsWorker.Tests.Support;

namespace Heal.FunctionsWorker.Tests;

/// <summary>
/// Queues that are reached by an identity: a host in a process of its own, with the settings and the surroundings of App Service, signs in
/// at a queue service over HTTPS. Only the cloud is missing.
/// </summary>
public sealed class IdentityTests(AzuriteWithSignIn storage) : IClassFixture<AzuriteWithSignIn>, IAsyncLifetime
{
    private const string User = "0af76519-16cd-43dd-8448-eb211c80319c";
    private const string Order = """{ "Number": 7, "Item": "nut" }""";
    private const string Forwarded = """{"Number":7,"Item":"forwarded"}""";

    private readonly QueueClient _orders = storage.Queue(Azurite.NewName());
    private readonly QueueClient _out = storage.Queue(Azurite.NewName());
    private IdentityEndpoint _identity = null!;

    public async Task InitializeAsync() => _identity = await IdentityEndpoint.StartAsync();

    public async Task DisposeAsync()
    {
        await _identity.DisposeAsync();
        await _orders.DeleteIfExistsAsync();
        await _out.DeleteIfExistsAsync();
    }

    [Theory]
    [InlineData("queueServiceUri", "managedidentity", null, "-")]
    [InlineData("queueServiceUri", "ManagedIdentity", User, User)]
    [InlineData("serviceUri", null, null, "-")]
    [InlineData("queueServiceUri", null, User, User)]
    public async Task A_function_is_triggered_and_hands_on_as_the_identity_of_its_connection(
        string address, string? credential, string? client, string asked)
    {
        _identity.Gives();
        await using SampleProcess process = await StartAsync(
            ByIdentity("AzureWebJobsStorage"), ByIdentity("OUT_STORAGE", address, credential, client));
        await Azurite.SendAsync(_orders, Order);
        Assert.Equal(Forwarded, await NextOutAsync());
        await Azurite.UntilAsync(
            async () => (await _orders.GetPropertiesAsync()).Value.ApproximateMessagesCount == 0, "the message is deleted");
        Assert.Equal(new[] { "-", asked }.Distinct(), _identity.Asked.Distinct().Order(StringComparer.Ordinal));
        Assert.DoesNotContain(process.Lines, l => l.Contains(_identity.Header, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("denied", "no token for connection 'AzureWebJobsStorage': ")]
    [InlineData("unreachable", "no token for connection 'AzureWebJobsStorage': ")]
    public async Task An_identity_without_a_token_is_named_with_function_queue_and_setting_and_heals_when_it_gets_one(
        string fault, string expected)
    {
        await using var proxy = new SwitchableProxy(_identity.Port);
        _identity.Gives();
        if (fault == "denied")
        {
            _identity.Denies();
            proxy.SwitchOn();
        }

        await using SampleProcess process = await StartAsync(
            ByIdentity("AzureWebJobsStorage"), ByIdentity("OUT_STORAGE"), port: proxy.Port);
        string line = await process.UntilPrintedAsync($"Queue {_orders.Name} of function Forward at {storage.ServiceUri.Split("/dev")[0]}");
        Assert.Contains(expected, line, StringComparison.Ordinal);
        Assert.Contains("'AzureWebJobsStorage__credential', 'AzureWebJobsStorage__clientId'", line, StringComparison.Ordinal);
        await TheRestIsServedAsync(process, isReady: false);

        _identity.Gives();
        await proxy.SwitchOffAsync();
        proxy.SwitchOn();
        await Azurite.SendAsync(_orders, Order);
        Assert.Equal(Forwarded, await NextOutAsync());
        await TheRestIsServedAsync(process, isReady: true);
    }

    [Fact]
    public async Task A_token_for_something_else_is_refused_by_the_storage_and_the_log_has_the_storages_reason_and_the_setting()
    {
        _identity.Gives(audience: "https://vault.azure.net");
        await using SampleProcess process = await StartAsync(ByIdentity("AzureWebJobsStorage"), ByIdentity("OUT_STORAGE"));
        string line = await process.UntilPrintedAsync($"Queue {_orders.Name} of function Forward at ");
        Assert.Contains(
            "AuthenticationFailed (Invalid token audience). The storage refuses connection 'AzureWebJobsStorage'", line,
            StringComparison.Ordinal);
        await TheRestIsServedAsync(process, isReady: false);
    }

    [Fact]
    public async Task An_output_whose_identity_gets_no_token_fails_its_function_by_name_and_goes_out_when_it_gets_one()
    {
        _identity.Denies();
        await using SampleProcess process = await StartAsync(
            new() { ["AzureWebJobsStorage"] = Azurite.ConnectionString }, ByIdentity("OUT_STORAGE", client: User));
        QueueClient orders = Azurite.Queue(_orders.Name);
        await Azurite.SendAsync(orders, Order);
        string line = await process.UntilPrintedAsync(
            $"Function 'Forward' succeeded, but its output $return could not be sent to queue '{_out.Name}': no token for connection "
                + "'OUT_STORAGE': ");
        Assert.Contains("'OUT_STORAGE__credential', 'OUT_STORAGE__clientId'", line, StringComparison.Ordinal);
        await TheRestIsServedAsync(process, isReady: true);

        _identity.Gives();
        Assert.Equal(Forwarded, await NextOutAsync());
        Assert.Equal(User, _identity.Asked.Distinct().Single());
        await orders.DeleteIfExistsAsync();
    }

    private static async Task TheRestIsServedAsync(SampleProcess process, bool isReady)
    {
        using var http = new HttpClient { BaseAddress = process.Address };
        Assert.Equal("GET nobody True", await http.GetStringAsync(new Uri("/api/Text", UriKind.Relative)));
        var ready = new Uri("/healthz/ready", UriKind.Relative);
        await Azurite.UntilAsync(
            async () => (await http.GetAsync(ready)).IsSuccessStatusCode == isReady, isReady ? "it is ready" : "it is not ready");
    }

    private async Task<string> NextOutAsync()
    {
        QueueMessage? message = null;
        await Azurite.UntilAsync(
            async () => await _out.ExistsAsync() && (message = (await _out.ReceiveMessageAsync()).Value) is not null,
            "a message is handed on");
        return System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(message!.Body.ToString()));
    }

    private Dictionary<string, string> ByIdentity(
        string name, string address = "queueServiceUri", string? credential = "managedidentity", string? client = null)
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal) { [$"{name}__{address}"] = storage.ServiceUri };
        if (credential is not null)
        {
            settings[$"{name}__credential"] = credential;
        }

        if (client is not null)
        {
            settings[$"{name}__clientId"] = client;
        }

        return settings;
    }

    // As environment variables, which is what the settings of an application in Azure are.
    private Task<SampleProcess> StartAsync(
        Dictionary<string, string> connection, Dictionary<string, string> output, int? port = null)
    {
        var environment = _identity.Environment(port);
        environment["AzureWebJobsStorage"] = "";
        environment["SSL_CERT_FILE"] = storage.CertificatePath;
        foreach ((string name, string value) in connection.Concat(output))
        {
            environment[name] = value;
        }

        return SampleProcess.StartAsync(
            new(StringComparer.Ordinal)
            {
                ["ORDERS"] = _orders.Name,
                ["OUT"] = _out.Name,
                ["AzureWebJobs.Forward.Disabled"] = "false",
            },
            """
            { "extensions": { "queues": {
                "maxDequeueCount": 1000, "maxPollingInterval": "00:00:00.200", "visibilityTimeout": "00:00:00" } } }
            """,
            environment);
    }
}
