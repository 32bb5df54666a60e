using System.Net;
using System.Text.Json;
using Azure.Core.Serialization;
using Heal.FunctionsWorker.Tests.Sample;
using Heal.FunctionsWorker.Tests.Support;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Azure.Functions.Worker.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Heal.FunctionsWorker.Tests;

/// <summary>Every way in which a program may ask for the function host leads to the same one.</summary>
public sealed class EntryPointTests
{
    private readonly string _root = Directory.CreateTempSubdirectory("function-host-").FullName;
    private readonly CollectingLogger _log = new();
    private readonly List<string> _called = [];

    [Theory]
    [InlineData(0, "")]
    [InlineData(1, "worker")]
    [InlineData(2, "options")]
    [InlineData(3, "worker, options")]
    [InlineData(4, "context worker")]
    [InlineData(5, "context worker, options")]
    public async Task Each_overload_of_ConfigureFunctionsWorkerDefaults_runs_its_callbacks_and_serves(int overload, string called)
    {
        IHostBuilder builder = Bare(PlainApp.Arguments(_root));
        builder = overload switch
        {
            0 => builder.ConfigureFunctionsWorkerDefaults(),
            1 => builder.ConfigureFunctionsWorkerDefaults(OnWorker),
            2 => builder.ConfigureFunctionsWorkerDefaults((WorkerOptions options) => OnOptions(options)),
            3 => builder.ConfigureFunctionsWorkerDefaults(OnWorker, OnOptions),
            4 => builder.ConfigureFunctionsWorkerDefaults(OnContext),
            _ => builder.ConfigureFunctionsWorkerDefaults(OnContext, OnOptions),
        };
        await using TestHost host = await TestHost.StartAsync(builder.Build(), _root, _log);
        Assert.Equal("hello", await host.GetTextAsync("/api/Hello"));
        Assert.Equal(called, string.Join(", ", _called));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ConfigureFunctionsWebApplication_serves_the_types_of_ASP_NET_Core_on_a_bare_and_on_a_default_builder(bool isDefault)
    {
        string[] args = TestHost.Arguments(_root, """{ "extensions": { "http": { "routePrefix": "v1" } } }""");
        IHostBuilder builder = isDefault ? Host.CreateDefaultBuilder(args) : Bare(args);
        await using TestHost host = await TestHost.StartAsync(
            builder
                .ConfigureFunctionsWebApplication(static worker =>
                {
                    TestHost.UseHubInMemory(worker);
                    worker.UseMiddleware(static async (context, next) =>
                    {
                        await next();
                        context.GetInvocationResult().Value += " through middleware";
                    });
                })
                .ConfigureServices(static services => services.AddScoped<ScopedCounter>().AddSingleton<Journal>())
                .Build(),
            _root,
            _log);
        Assert.Equal("GET Ada True through middleware", await host.GetTextAsync("/v1/Text?name=Ada"));
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/livez")).StatusCode);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("APPLICATIONINSIGHTS_CONNECTION_STRING")]
    public async Task An_app_of_the_official_template_starts_and_is_told_when_it_asks_for_telemetry_that_is_not_sent(string? setting)
    {
        string[] asked = setting is null ? [] : [$"--{setting}=InstrumentationKey=of-nobody"];
        string[] args = [.. PlainApp.Arguments(_root), .. asked];
        IHostBuilder builder = Bare(args)
            .ConfigureFunctionsWorkerDefaults()
            .ConfigureServices(static services => services.ConfigureFunctionsApplicationInsights().ConfigureFunctionsApplicationInsights());
        await using TestHost host = await TestHost.StartAsync(builder.Build(), _root, _log);

        Assert.Equal("hello", await host.GetTextAsync("/api/Hello"));
        string[] told = [.. _log.Lines.Where(static line => line.Contains("Application Insights", StringComparison.Ordinal))];
        Assert.Equal(setting is null ? 0 : 1, told.Length);
        Assert.All(told, line => Assert.Contains($"{setting} is set", line, StringComparison.Ordinal));
        Assert.DoesNotContain("of-nobody", _log.All, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Calls_add_up_to_one_host_and_what_the_program_registers_later_wins()
    {
        IHostBuilder builder = Bare(TestHost.Arguments(_root))
            .ConfigureFunctionsWorkerDefaults((context, _) => _called.Add(context.HostingEnvironment.ApplicationName))
            .ConfigureFunctionsWebApplication((_, worker) => TestHost.UseHubInMemory(worker))
            .ConfigureServices(static services => services
                .AddScoped<ScopedCounter>()
                .AddSingleton<Journal>()
                .Configure<JsonSerializerOptions>(static json => json.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseUpper));
        await using TestHost host = await TestHost.StartAsync(builder.Build(), _root, _log);
        Assert.Equal("GET 1", await host.GetTextAsync("/api/Scoped"));
        Assert.Equal(["Heal.FunctionsWorker.Tests"], _called);
        using var json = new MemoryStream();
        host.Get<IOptions<WorkerOptions>>().Value.Serializer!.Serialize(json, new Order(1, "nut"), typeof(Order), CancellationToken.None);
        Assert.Equal("""{"NUMBER":1,"ITEM":"nut"}""", System.Text.Encoding.UTF8.GetString(json.ToArray()));
    }

    [Fact]
    public async Task Without_ASP_NET_Core_bodies_and_results_are_JSON_by_the_options_of_the_worker()
    {
        IHostBuilder builder = Bare(PlainApp.Arguments(_root)).ConfigureFunctionsWorkerDefaults();
        await using TestHost host = await TestHost.StartAsync(builder.Build(), _root, _log);
        HttpResponseMessage response = await host.SendAsync(
            HttpMethod.Post, "/api/Mirror", body: new StringContent("""{"NUMBER":3,"item":"nut ü <1>"}"""));
        // Indented, as the Azure host writes out what its worker hands over.
        Assert.Equal(
            string.Join(Environment.NewLine, "{", """  "Number": 3,""", """  "Item": "nut ü <1>" """.TrimEnd(), "}"),
            await response.Content.ReadAsStringAsync());
        Assert.Equal("application/json; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        response = await host.SendAsync(HttpMethod.Post, "/api/Mirror", body: new StringContent("broken"));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Fact]
    public async Task A_container_of_another_kind_is_used()
    {
        var factory = new OtherContainer();
        IHostBuilder builder = Bare(PlainApp.Arguments(_root)).ConfigureFunctionsWorkerDefaults().UseServiceProviderFactory(factory);
        await using TestHost host = await TestHost.StartAsync(builder.Build(), _root, _log);
        Assert.Equal("hello", await host.GetTextAsync("/api/Hello"));
        Assert.True(factory.WasUsed);
    }

    [Fact]
    public void A_fault_is_thrown_when_the_host_is_built()
    {
        IHostBuilder builder = Bare(PlainApp.Arguments(_root)).ConfigureFunctionsWorkerDefaults();
        File.WriteAllText(Path.Combine(_root, "host.json"), """{ "functionTimeout": "soon" }""");
        Assert.Contains("$.functionTimeout", Assert.Throws<HostStartupException>(builder.Build).Faults.Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bare_builder_reads_local_settings_and_the_command_line_goes_before_them()
    {
        File.WriteAllText(
            Path.Combine(_root, "local.settings.json"), """{ "Values": { "A__B": "from the file", "C": "from the file" } }""");
        string[] args = PlainApp.Arguments(_root, new(StringComparer.Ordinal) { ["urls"] = "http://127.0.0.1:0" });
        IConfiguration? seen = null;
        using IHost host = Bare(args).ConfigureFunctionsWorkerDefaults((context, _) => seen = context.Configuration).Build();
        await host.StartAsync();
        Assert.Equal("from the file", seen!["A:B"]);
        Assert.Equal("http://127.0.0.1:0", seen["urls"]);
        Assert.Equal("Warning", seen["Logging:LogLevel:Microsoft.AspNetCore"]);
        await host.StopAsync();
    }

    [Fact]
    public async Task A_host_application_builder_gets_the_host_through_its_services()
    {
        HostApplicationBuilder builder = Host.CreateApplicationBuilder(PlainApp.Arguments(_root));
        builder.Logging.ClearProviders().AddProvider(_log);
        builder.Services.AddFunctionsWorkerDefaults(OnOptions).UseMiddleware(async (_, next) =>
        {
            _called.Add("middleware");
            await next();
        });
        await using TestHost host = await TestHost.StartAsync(builder.Build(), _root, _log);
        Assert.Equal("hello", await host.GetTextAsync("/api/Hello"));
        Assert.Equal(["options", "middleware"], _called);
    }

    [Fact]
    public void Generated_startup_classes_of_a_program_take_part_in_building_its_host()
    {
        var builder = new HostBuilder();
        AutoStartups.Run(typeof(EntryPointTests).Assembly, builder);
        Assert.Contains(SampleStartup.Key, builder.Properties.Keys);
    }

    [Theory]
    [InlineData("fine", HttpStatusCode.OK)]
    [InlineData("{", HttpStatusCode.BadRequest)]
    public async Task A_body_that_the_programs_own_serializer_cannot_read_is_its_senders_fault(string body, HttpStatusCode expected)
    {
        IHostBuilder builder = Bare(PlainApp.Arguments(_root))
            .ConfigureFunctionsWorkerDefaults(static (WorkerOptions options) => options.Serializer = new Picky());
        await using TestHost host = await TestHost.StartAsync(builder.Build(), _root, _log);
        using var content = new StringContent(body);
        Assert.Equal(expected, (await host.Client.PostAsync("/api/Mirror", content)).StatusCode);
    }

    [Fact]
    public async Task A_route_constraint_that_cannot_be_made_leaves_out_its_function_on_a_host_builder()
    {
        IHostBuilder builder = Bare(Odd()).ConfigureFunctionsWorkerDefaults();
        await using TestHost host = await TestHost.StartAsync(builder.Build(), _root, _log);
        Assert.Equal("Good", await host.GetTextAsync("/api/good"));
        Assert.Equal(HttpStatusCode.NotFound, (await host.GetAsync("/api/odd/red")).StatusCode);
        await _log.ContainsAsync("Left out, and the other functions are served: function 'Odd'");
    }

    [Fact]
    public async Task A_host_on_a_host_builder_that_may_leave_nothing_out_does_not_start_any_service_with_such_a_constraint()
    {
        var started = new List<string>();
        IHostBuilder builder = Bare(Odd(("FUNCTIONS_FAULTY_FUNCTIONS", "refuse"))).ConfigureFunctionsWorkerDefaults();
        builder.ConfigureServices(services => services.AddSingleton<IHostedService>(new StartsFirst(started)));
        using IHost host = builder.Build();
        HostStartupException exception = await Assert.ThrowsAsync<HostStartupException>(() => host.StartAsync());
        Assert.Contains("constraint 'colour' of 'id' cannot be used", Assert.Single(exception.Faults), StringComparison.Ordinal);
        Assert.Empty(started);
    }

    [Fact]
    public void A_bare_service_collection_gets_the_options_that_functions_meet()
    {
        using ServiceProvider services = new ServiceCollection().AddFunctionsWorkerDefaults().Services.BuildServiceProvider();
        Assert.NotNull(services.GetRequiredService<IOptions<WorkerOptions>>().Value.Serializer);
    }

    [Fact]
    public async Task RunDefaultAsync_runs_until_the_host_is_told_to_stop() =>
        await FunctionsWorkerHost.RunDefaultAsync(services =>
        {
            services.Configure<KestrelServerOptions>(static kestrel => kestrel.Listen(IPAddress.Loopback, 0));
            services.AddHostedService<StopsOnceStarted>();
            services.AddSingleton(_called);
        }).ContinueWith(run => Assert.Equal((true, "started"), (run.IsCompletedSuccessfully, _called.Single())), TaskScheduler.Default);


    /// <summary>The command line of an application with a function that is good and one whose constraint nobody knows.</summary>
    private string[] Odd(params (string Name, string Value)[] settings)
    {
        MadeApp app = new MadeApp()
            .With("Good", (typeof(HttpRequestData), "request", MadeApp.Http("good")))
            .With("Odd", (typeof(HttpRequestData), "request", MadeApp.Http("odd/{id:colour}")));
        Dictionary<string, string> all = settings.ToDictionary(static s => s.Name, static s => s.Value, StringComparer.Ordinal);
        all["applicationName"] = app.Name;
        return TestHost.Arguments(_root, settings: all);
    }

    private void OnWorker(IFunctionsWorkerApplicationBuilder worker) => _called.Add("worker");

    private void OnContext(HostBuilderContext context, IFunctionsWorkerApplicationBuilder worker) => _called.Add("context worker");

    private void OnOptions(WorkerOptions options) => _called.Add("options");

    private IHostBuilder Bare(string[] args) => new HostBuilder()
        .ConfigureHostConfiguration(config => config.AddCommandLine(args))
        // An empty setting of the host's configuration counts as none in the application's.
        .ConfigureAppConfiguration(config => config.AddInMemoryCollection([new("HUB", ""), new("HUB_CONNECTION", "")]))
        .ConfigureLogging(logging => logging.AddProvider(_log));

    private sealed class Picky : ObjectSerializer
    {
        public override void Serialize(Stream stream, object? value, Type inputType, CancellationToken cancellationToken) =>
            stream.Write("{}"u8);

        public override ValueTask SerializeAsync(Stream stream, object? value, Type inputType, CancellationToken cancellationToken) =>
            stream.WriteAsync("{}"u8.ToArray(), cancellationToken);

        public override object Deserialize(Stream stream, Type returnType, CancellationToken cancellationToken) =>
            new StreamReader(stream).ReadToEnd() == "fine" ? new Order(1, "one") : throw new ArithmeticException("unlike any JSON error");

        public override ValueTask<object?> DeserializeAsync(Stream stream, Type returnType, CancellationToken cancellationToken) =>
            ValueTask.FromResult<object?>(Deserialize(stream, returnType, cancellationToken));
    }

    private sealed class StartsFirst(List<string> started) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            started.Add("started");
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    private sealed class OtherContainer : IServiceProviderFactory<OtherContainer.Builder>
    {
        public bool WasUsed { get; private set; }

        public Builder CreateBuilder(IServiceCollection services) => new(services);

        public IServiceProvider CreateServiceProvider(Builder containerBuilder)
        {
            WasUsed = true;
            return containerBuilder.Services.BuildServiceProvider();
        }

        public sealed record Builder(IServiceCollection Services);
    }

    private sealed class StopsOnceStarted(IHostApplicationLifetime lifetime, List<string> called) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            lifetime.ApplicationStarted.Register(() =>
            {
                called.Add("started");
                lifetime.StopApplication();
            });
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
