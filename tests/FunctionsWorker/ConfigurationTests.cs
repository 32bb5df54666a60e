using System.Net;
using Heal.FunctionsWorker.Tests.Support;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Azure.Functions.Worker.Configuration;
using Microsoft.Azure.Functions.Worker.Logging;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;

namespace Heal.FunctionsWorker.Tests;

public sealed class ConfigurationTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("function-settings-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void A_faulty_host_json_is_refused_with_all_its_faults_their_paths_and_what_was_expected()
    {
        const string hostJson = """
            {
              "version": "3.0",
              "functionTimeout": "soon",
              "extensions": {
                "queues": { "batchSize": 33, "maxDequeueCount": "5", "visibilitytimeOut": "00:00:30", "colour": "red" },
                "durableTask": { "hubName": "no spaces", "storageProvider": { "type": "Oracle" } }
              }
            }
            """;
        HostStartupException exception = Assert.Throws<HostStartupException>(() => TestHost.Builder(_root, hostJson).Build());
        string[] expected =
        [
            "$.version: is \"3.0\", expected \"2.0\"",
            "$.functionTimeout: is \"soon\", expected a time",
            "$.extensions.queues.batchSize: is 33, expected a whole number from 1 to 32",
            "$.extensions.queues.maxDequeueCount: is \"5\", expected a whole number",
            "$.extensions.queues.colour: is unknown, expected one of batchSize",
            "$.extensions.durableTask.hubName: is \"no spaces\"",
            "$.extensions.durableTask.storageProvider.type: is \"Oracle\", expected one of PostgreSQL",
        ];
        Assert.All(expected, e => Assert.Contains(exception.Faults, f => f.Contains(e, StringComparison.Ordinal)));
        Assert.Equal(expected.Length, exception.Faults.Count);
    }

    [Fact]
    public void Text_that_is_not_JSON_is_refused_with_its_line()
    {
        HostStartupException exception = Assert.Throws<HostStartupException>(() => TestHost.Builder(_root, "{ \"version\": ").Build());
        Assert.Contains("host.json: is not JSON", exception.Message, StringComparison.Ordinal);
        Assert.Contains("LineNumber", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_setting_overrides_host_json_and_is_named_when_it_is_the_faulty_one()
    {
        const string name = "AzureFunctionsJobHost:extensions:queues:batchSize";
        Assert.Equal(4, Read("""{ "extensions": { "queues": { "batchSize": 8 } } }""", name, "4").Queues.BatchSize);
        var faults = new List<string>();
        Read("{}", name, "many", faults);
        Assert.StartsWith("setting AzureFunctionsJobHost__extensions__queues__batchSize: is \"many\"", faults.Single(),
            StringComparison.Ordinal);
    }

    [Fact]
    public void The_command_line_wins_over_local_settings_and_local_settings_stand_alone_otherwise()
    {
        File.WriteAllText(Path.Combine(_root, "local.settings.json"), """
            { "IsEncrypted": false, "Values": { "COLOUR": "red", "SIZE": "big", "Deep__Inside": "yes" }, "Host": { "LocalHttpPort": 7099 } }
            """);
        var builder = TestHost.Builder(_root, settings: new(StringComparer.Ordinal) { ["COLOUR"] = "blue" });
        Assert.Equal("blue", builder.Configuration["COLOUR"]);
        Assert.Equal("big", builder.Configuration["SIZE"]);
        Assert.Equal("yes", builder.Configuration["Deep:Inside"]);
    }

    [Fact]
    public async Task A_host_listens_on_loopback_at_7071_or_at_the_port_of_local_settings_unless_it_is_told_otherwise()
    {
        string[] args = [.. TestHost.Arguments(_root).Where(static a => !a.StartsWith("--urls=", StringComparison.Ordinal))];
        Assert.Equal("http://127.0.0.1:7071", FunctionsApplication.CreateBuilder(args).Configuration["urls"]);

        int port = new SwitchableProxy(target: 0).Port;
        await File.WriteAllTextAsync(
            Path.Combine(_root, "local.settings.json"), $$"""{ "IsEncrypted": false, "Host": { "LocalHttpPort": {{port}} } }""");
        FunctionsApplicationBuilder builder = FunctionsApplication.CreateBuilder(args);
        builder.ConfigureFunctionsWebApplication();
        TestHost.UseHubInMemory(builder);
        using IHost host = builder.Build();
        await host.StartAsync();
        Assert.Equal(
            [$"http://127.0.0.1:{port}"],
            host.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses);
        await host.StopAsync();
    }

    [Fact]
    public void The_port_of_a_launch_profile_stands_above_that_of_local_settings_and_below_urls()
    {
        File.WriteAllText(Path.Combine(_root, "local.settings.json"), """{ "Host": { "LocalHttpPort": 7099 } }""");
        string[] args = [.. TestHost.Arguments(_root).Where(static a => !a.StartsWith("--urls=", StringComparison.Ordinal))];
        Assert.Equal("http://127.0.0.1:7250", FunctionsApplication.CreateBuilder([.. args, "--port", "7250"]).Configuration["urls"]);
        Assert.Equal(
            "http://127.0.0.1:7300",
            FunctionsApplication.CreateBuilder([.. args, "--port", "7250", "--urls", "http://127.0.0.1:7300"]).Configuration["urls"]);

        HostStartupException exception = Assert.Throws<HostStartupException>(
            () => FunctionsApplication.CreateBuilder([.. args, "--port", "first"]).Build());
        Assert.Contains("command line at --port: is first, expected a number from 1 to 65535", exception.Faults);
    }

    [Fact]
    public void Names_in_local_settings_may_have_any_letter_case()
    {
        File.WriteAllText(Path.Combine(_root, "local.settings.json"), """
            {
              "isEncrypted": false, "values": { "SIZE": "big" }, "connectionStrings": { "Shop": "there" }, "host": { "localHttpPort": 7099 }
            }
            """);
        string[] args = [.. TestHost.Arguments(_root).Where(static a => !a.StartsWith("--urls=", StringComparison.Ordinal))];
        ConfigurationManager configuration = FunctionsApplication.CreateBuilder(args).Configuration;
        Assert.Equal(
            ("big", "there", "http://127.0.0.1:7099"),
            (configuration["SIZE"], configuration.GetConnectionString("Shop"), configuration["urls"]));
    }

    [Fact]
    public void CORS_of_local_settings_stands_unless_a_setting_says_otherwise()
    {
        File.WriteAllText(Path.Combine(_root, "local.settings.json"), """
            { "Values": {}, "Host": { "CORS": "http://localhost:3000,https://shop.example", "CORSCredentials": true } }
            """);
        CorsSettings cors = CorsSettings.Read(TestHost.Builder(_root).Configuration, [])!;
        Assert.Equal(["http://localhost:3000", "https://shop.example"], cors.Origins);
        Assert.True(cors.Credentials);
        var over = new Dictionary<string, string>(StringComparer.Ordinal) { [CorsSettings.OriginsSetting] = "https://other.example" };
        Assert.Equal(["https://other.example"], CorsSettings.Read(TestHost.Builder(_root, settings: over).Configuration, [])!.Origins);
    }

    [Fact]
    public void A_faulty_local_settings_file_is_refused_without_showing_values()
    {
        File.WriteAllText(Path.Combine(_root, "local.settings.json"), """{ "Values": { "SECRET": 12345 }, "Colours": {} }""");
        HostStartupException exception = Assert.Throws<HostStartupException>(() => TestHost.Builder(_root).Build());
        Assert.Contains("$.Values.SECRET: is a Number, expected a string", exception.Message, StringComparison.Ordinal);
        Assert.Contains("$.Colours", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("12345", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_disabled_function_does_not_answer()
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal) { ["AzureWebJobs.Text.Disabled"] = "true" };
        await using TestHost host = await TestHost.StartAsync(settings: settings);
        Assert.Equal(404, (int)(await host.GetAsync("/api/Text")).StatusCode);
        Assert.Contains(host.Log.Lines, static l => l.Contains("Text: httpTrigger disabled", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("AzureWebJobs.Text.Disabled", "1", false)]
    [InlineData("AzureWebJobs_Text_Disabled", "True", false)]
    [InlineData("AzureWebJobs_Text_Disabled", "false", true)]
    [InlineData("AzureWebJobs.Text.Disabled", "", true)]
    public async Task A_function_is_disabled_under_both_spellings_of_the_setting(string name, string value, bool answers)
    {
        await using TestHost host = await TestHost.StartAsync(settings: new(StringComparer.Ordinal) { [name] = value });
        Assert.Equal(answers, (await host.GetAsync("/api/Text")).IsSuccessStatusCode);
    }

    [Fact]
    public async Task A_faulty_word_on_whether_a_function_is_disabled_leaves_it_out_and_is_named()
    {
        await using TestHost host = await TestHost.StartAsync(
            settings: new(StringComparer.Ordinal) { ["AzureWebJobs.Text.Disabled"] = "perhaps" });
        await host.Log.ContainsAsync("function 'Text' (Heal.FunctionsWorker.Tests.Sample.HttpSamples.Text): "
            + "setting AzureWebJobs.Text.Disabled is 'perhaps', expected true or false");
        Assert.Equal(HttpStatusCode.NotFound, (await host.GetAsync("/api/Text")).StatusCode);
        Assert.True((await host.GetAsync("/api/Echo", TestHost.EchoKey)).IsSuccessStatusCode);
    }

    [Theory]
    [InlineData("in-%AREA%-%KIND%", "in-north-mail")]
    [InlineData("100%", "100%")]
    [InlineData("%NOBODY%", null)]
    public void Names_between_percent_signs_are_settings_and_one_that_is_not_set_is_a_fault(string text, string? expected)
    {
        IConfiguration configuration = new ConfigurationBuilder()
            .AddInMemoryCollection([new("AREA", "north"), new("KIND", "mail")])
            .Build();
        var faults = new List<string>();
        string resolved = SettingReferences.Resolve(text, configuration, "function 'F'", faults);
        if (expected is null)
        {
            Assert.StartsWith("function 'F': refers to setting 'NOBODY', which is not set", Assert.Single(faults),
                StringComparison.Ordinal);
        }
        else
        {
            Assert.Equal((expected, 0), (resolved, faults.Count));
        }
    }

    [Theory]
    [InlineData("""{ "isEnabled": false }""", "", false, null)]
    [InlineData("""{ "format": "json" }""", "", true, "json-lines")]
    [InlineData("""{ "format": "json" }""", "text", true, null)]
    [InlineData("{}", "json", true, "json-lines")]
    public void The_console_can_be_off_or_JSON_and_the_setting_wins(string console, string format, bool isThere, string? formatter)
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal) { ["FUNCTIONS_LOG_FORMAT"] = format };
        using IHost host = TestHost.Builder(_root, $$"""{ "logging": { "console": {{console}} } }""", settings).Build();
        Assert.Equal(isThere, host.Services.GetServices<ILoggerProvider>().Any(static p => p is HostConsole or ConsoleLoggerProvider));
        Assert.Equal(formatter, host.Services.GetRequiredService<IOptions<ConsoleLoggerOptions>>().Value.FormatterName);
    }

    [Fact]
    public void A_missing_setting_or_connection_is_a_fault_that_names_function_and_setting()
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal) { ["FUNCTIONS_FAULTY_FUNCTIONS"] = "refuse" };
        HostStartupException exception = Assert.Throws<HostStartupException>(
            () => TestHost.Builder(_root, settings: settings, listeners: ["Tick", "TakeOrder"]).Build());
        Assert.Contains("function 'Tick'", exception.Message, StringComparison.Ordinal);
        Assert.Contains("setting 'TICK', which is not set", exception.Message, StringComparison.Ordinal);
        Assert.Contains("setting 'AzureWebJobsStorage' is not set", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_route_prefix_of_host_json_is_used()
    {
        await using TestHost host = await TestHost.StartAsync(hostJson: """{ "extensions": { "http": { "routePrefix": "" } } }""");
        Assert.Equal("GET nobody True", await host.GetTextAsync("/Text"));
    }

    [Fact]
    public void Retention_limits_and_payload_sizes_are_read_and_minus_one_keeps_for_ever()
    {
        DurableSettings durable = Read("""
            { "extensions": { "durableTask": {
                "maxLostAttempts": 3,
                "retention": { "completed": "7.00:00:00", "failed": "-1", "batchSize": 50 },
                "concurrencyLimits": { "activities": { "ChargeCard": 4 }, "orchestrations": { "Import": 1 } },
                "storageProvider": { "largePayloadStorageThresholdBytes": 65536 } } } }
            """, "OTHER", "x").Durable;

        Assert.Equal(
            (TimeSpan.FromDays(7), null, TimeSpan.FromDays(30), 50),
            (durable.Retention.Completed, durable.Retention.Failed, durable.Retention.Terminated, durable.Retention.BatchSize));
        Assert.Equal((4, 1), (durable.ActivityLimits["ChargeCard"], durable.OrchestrationLimits["Import"]));
        Assert.Equal((3, 65536), (durable.MaxLostAttempts, durable.LargePayloadThreshold));
    }

    [Theory]
    [InlineData("""{ "retention": { "completed": "soon" } }""", "$.extensions.durableTask.retention.completed: is \"soon\"")]
    [InlineData("""{ "retention": { "canceled": "1" } }""", "$.extensions.durableTask.retention.canceled: is unknown")]
    [InlineData(
        """{ "concurrencyLimits": { "activities": { "A": 0 } } }""",
        "$.extensions.durableTask.concurrencyLimits.activities.A: is 0, expected a whole number from 1 to 1000000")]
    [InlineData("""{ "concurrencyLimits": { "A": 1 } }""", "$.extensions.durableTask.concurrencyLimits.A: is unknown")]
    public void A_faulty_retention_or_limit_is_named(string durable, string fault)
    {
        var faults = new List<string>();
        Read($$"""{ "extensions": { "durableTask": {{durable}} } }""", "OTHER", "x", faults);
        Assert.Contains(faults, found => found.Contains(fault, StringComparison.Ordinal));
    }

    private HostSettings Read(string hostJson, string name, string value, List<string>? faults = null)
    {
        string path = Path.Combine(_root, "host.json");
        File.WriteAllText(path, hostJson);
        IConfiguration configuration = new ConfigurationBuilder()
            .AddInMemoryCollection([new(name, value)])
            .Build();
        return HostSettingsReader.Read(path, _root, configuration, faults ?? []);
    }
}
