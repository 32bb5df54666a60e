using System.Net;
using System.Text.Json.Nodes;
using Heal.FunctionsWorker.Tests.Support;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Constraints;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Azure.Functions.Worker.Extensions.Abstractions;
using Microsoft.Azure.Functions.Worker.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Heal.FunctionsWorker.Tests;

/// <summary>What is wrong with one function is said with its name and binding, and the others are served.</summary>
public sealed class FaultyFunctionTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("function-faults-").FullName;
    private readonly CollectingLogger _log = new();
    private readonly MadeApp _app = new MadeApp().With("Good", (typeof(HttpRequestData), "request", MadeApp.Http("good/{id:int}")));

    public void Dispose()
    {
        if (Directory.Exists(_root))
        {
            Directory.Delete(_root, recursive: true);
        }
    }

    [Fact]
    public async Task Faulty_functions_are_named_with_their_bindings_and_the_others_are_served()
    {
        _app.With("Twice", (typeof(HttpRequestData), "request", MadeApp.Http("twice")))
            .With("twice", (typeof(HttpRequestData), "request", MadeApp.Http("second")))
            .With("OrderById", (typeof(HttpRequestData), "request", MadeApp.Http("orders/{id}")))
            .With("OrderByKey", (typeof(HttpRequestData), "request", MadeApp.Http("Orders/{key}")))
            .With("NoRoute", (typeof(HttpRequestData), "request", MadeApp.Http("no/{route")))
            .With("HostsOwn", (typeof(HttpRequestData), "request", MadeApp.Http("text")), (typeof(Timer), "clock", null))
            .With("BadCron", (typeof(TimerInfo), "timer", MadeApp.Attribute<TimerTriggerAttribute>("every day")))
            .With("NoSetting", (typeof(TimerInfo), "timer", MadeApp.Attribute<TimerTriggerAttribute>("%NOBODY_SET_THIS%")))
            .With("NoStorage", (typeof(string), "message", MadeApp.Attribute<QueueTriggerAttribute>("orders")))
            .With("BadQueue", (typeof(string), "message", MadeApp.Attribute<QueueTriggerAttribute>("Bad_Name")))
            .With("Blobs", (typeof(string), "blob", MadeApp.Attribute<OtherTriggerAttribute>()))
            .With("Reads", (typeof(HttpRequestData), "request", MadeApp.Http("reads")),
                (typeof(string), "row", MadeApp.Attribute<OtherInputAttribute>()))
            .With("BadRoute", (typeof(HttpRequestData), "request", MadeApp.Http("colours/{name:colour}")))
            .With("BadPattern", (typeof(HttpRequestData), "request", MadeApp.Http(@"patterns/{name:regex(^[a-z)}")))
            .With("Throws", (typeof(HttpRequestData), "request", MadeApp.Http("throws")),
                (typeof(string), "row", MadeApp.Attribute<ThrowingInputAttribute>()))
            .With("Maybe", (typeof(HttpRequestData), "request", MadeApp.Http("maybe")))
            .With("Web", (typeof(HttpRequest), "request", MadeApp.Http("web")));
        string[] expected =
        [
            "function 'Twice': declared 2 times, expected once: Made",
            "function 'OrderById' (Made4.OrderById): route '/api/orders/{id}' with method GET: claimed by functions "
                + "'OrderById' ('/api/orders/{id}') and 'OrderByKey' ('/api/Orders/{key}'), expected one",
            "function 'OrderByKey' (Made5.OrderByKey): route '/api/Orders/{key}' with method GET: claimed by functions",
            "function 'NoRoute' (Made6.NoRoute): route 'api/no/{route'",
            "function 'HostsOwn' (Made7.HostsOwn): parameter 'clock' (Timer) is bound by nothing",
            "function 'BadCron' (Made8.BadCron): schedule 'every day': is 'every day', expected six fields",
            "function 'NoSetting' (Made9.NoSetting): schedule '%NOBODY_SET_THIS%': refers to setting 'NOBODY_SET_THIS', which is not set",
            "function 'NoStorage' (Made10.NoStorage): queue 'orders': setting 'AzureWebJobsStorage' is not set",
            "function 'BadQueue' (Made11.BadQueue): queue 'Bad_Name': is 'bad_name', expected 3 to 56 lower-case letters",
            "function 'Blobs' (Made12.Blobs): parameter 'blob' (String) has [OtherTrigger], which this host does not know",
            "function 'Reads' (Made13.Reads): parameter 'row' (String) has [OtherInput], which this host does not know",
            "function 'BadRoute' (Made14.BadRoute): route 'api/colours/{name:colour}': constraint 'colour' of 'name' cannot be used",
            "function 'BadPattern' (Made15.BadPattern): route 'api/patterns/{name:regex(^[a-z)}': constraint 'regex(^[a-z)' of 'name'",
            "function 'Throws' (Made16.Throws): its declaration cannot be read: no such row.",
            "function 'Maybe' (Made17.Maybe): setting AzureWebJobs.Maybe.Disabled is 'perhaps', expected true or false",
            "function 'Web' (Made18.Web): uses types of ASP.NET Core, expected builder.ConfigureFunctionsWebApplication()",
        ];

        await using TestHost host = await StartAsync(
            _app, isWebApplication: false, configure: null, ("AzureWebJobs.Maybe.Disabled", "perhaps"));

        Assert.Equal("Good", await host.GetTextAsync("/api/good/1"));
        await _log.ContainsAsync("Ready: ");
        string[] said =
            [.. _log.Lines.Where(static l => l.Contains("Left out, and the other functions are served: ", StringComparison.Ordinal))];
        Assert.All(expected, e => Assert.Contains(
            said, line => line.StartsWith("Error", StringComparison.Ordinal) && line.Contains(e, StringComparison.Ordinal)));
        Assert.Equal(expected.Length + 1, said.Length); // the queue without a good name has no storage either
        foreach (string path in new[]
        {
            "/api/twice", "/api/orders/1", "/api/text", "/api/reads", "/api/colours/red", "/api/patterns/a", "/api/throws", "/api/maybe",
            "/api/web",
        })
        {
            Assert.Equal(HttpStatusCode.NotFound, (await host.GetAsync(path)).StatusCode);
        }

        JsonObject status = await TestHost.JsonAsync(await host.GetAsync("/admin/host/status", TestHost.Master));
        Assert.Equal("Running", (string)status["state"]!);
        Assert.All(expected, e => Assert.Contains(
            status["errors"]!.AsArray(), error => ((string)error!).Contains(e, StringComparison.Ordinal)));
        JsonObject cron = await TestHost.JsonAsync(await host.GetAsync("/admin/functions/BadCron/status", TestHost.Master));
        Assert.Contains("expected six fields", (string)cron["errors"]!.AsArray().Single()!, StringComparison.Ordinal);
        JsonObject route = await TestHost.JsonAsync(await host.GetAsync("/admin/functions/BadRoute/status", TestHost.Master));
        Assert.Contains("constraint 'colour'", (string)route["errors"]!.AsArray().Single()!, StringComparison.Ordinal);
        HttpResponseMessage run = await host.SendAsync(
            HttpMethod.Post, "/admin/functions/BadCron", TestHost.Master, new StringContent("{}"));
        Assert.Equal(HttpStatusCode.BadRequest, run.StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/readyz")).StatusCode);
    }

    [Fact]
    public async Task A_faulty_function_that_instances_may_need_keeps_the_host_from_starting()
    {
        _app.With("Step", (typeof(string), "input", MadeApp.Attribute<ActivityTriggerAttribute>()), (typeof(List<int>), "numbers", null))
            .With("BadCron", (typeof(TimerInfo), "timer", MadeApp.Attribute<TimerTriggerAttribute>("every day")));

        HostStartupException exception = await Assert.ThrowsAsync<HostStartupException>(() => StartAsync());

        Assert.Contains("function 'Step'", Assert.Single(exception.Faults), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_durable_functions_of_one_name_keep_the_host_from_starting()
    {
        _app.With("Ship", (typeof(string), "input", MadeApp.Attribute<ActivityTriggerAttribute>()))
            .With("Send", (
                typeof(string), "input", MadeApp.Named<ActivityTriggerAttribute>(nameof(ActivityTriggerAttribute.Activity), "ship")));

        HostStartupException exception = await Assert.ThrowsAsync<HostStartupException>(() => StartAsync());

        Assert.Equal(2, exception.Faults.Count);
        Assert.All(exception.Faults, static fault => Assert.EndsWith(
            "expected a name of its own among those of this kind: function 'Send' (Made3.Send), function 'Ship' (Made2.Ship)",
            fault,
            StringComparison.Ordinal));
        Assert.Contains(
            exception.Faults, static fault => fault.StartsWith(
                "function 'Send' (Made3.Send): its [ActivityTrigger] has the name 'ship'", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_host_that_may_leave_nothing_out_does_not_start_with_a_constraint_that_nobody_knows()
    {
        _app.With("BadRoute", (typeof(HttpRequestData), "request", MadeApp.Http("colours/{name:colour}")));

        HostStartupException exception = await Assert.ThrowsAsync<HostStartupException>(
            () => StartAsync(("FUNCTIONS_FAULTY_FUNCTIONS", "refuse")));

        Assert.Contains("function 'BadRoute'", Assert.Single(exception.Faults), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_constraint_of_the_applications_own_is_known()
    {
        _app.With("Own", (typeof(HttpRequestData), "request", MadeApp.Http("colours/{name:colour}")));
        await using TestHost host = await StartAsync(
            _app, configure: static services => services.Configure<RouteOptions>(
                static routes => routes.SetParameterPolicy<AlphaRouteConstraint>("colour")));
        Assert.Equal("Own", await host.GetTextAsync("/api/colours/red"));
        Assert.Equal(HttpStatusCode.NotFound, (await host.GetAsync("/api/colours/7")).StatusCode);
    }

    [Fact]
    public async Task A_host_that_may_leave_nothing_out_does_not_start_and_has_all_faults()
    {
        _app.With("BadCron", (typeof(TimerInfo), "timer", MadeApp.Attribute<TimerTriggerAttribute>("every day")))
            .With("NoStorage", (typeof(string), "message", MadeApp.Attribute<QueueTriggerAttribute>("orders")));

        HostStartupException exception = await Assert.ThrowsAsync<HostStartupException>(
            () => StartAsync(("FUNCTIONS_FAULTY_FUNCTIONS", "refuse")));

        Assert.Equal(2, exception.Faults.Count);
        Assert.All(["'BadCron'", "'NoStorage'"], name => Assert.Contains(name, exception.Message, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_host_without_a_sound_function_does_not_start()
    {
        HostStartupException exception = await Assert.ThrowsAsync<HostStartupException>(() => StartAsync(
            new MadeApp().With("BadCron", (typeof(TimerInfo), "timer", MadeApp.Attribute<TimerTriggerAttribute>("every day")))));
        Assert.Contains("'BadCron'", Assert.Single(exception.Faults), StringComparison.Ordinal);
    }

    private Task<TestHost> StartAsync(params (string Name, string Value)[] settings) => StartAsync(_app, settings: settings);

    private async Task<TestHost> StartAsync(
        MadeApp app,
        bool isWebApplication = true,
        Action<IServiceCollection>? configure = null,
        params (string Name, string Value)[] settings)
    {
        Dictionary<string, string> all = settings.ToDictionary(static s => s.Name, static s => s.Value, StringComparer.Ordinal);
        all["applicationName"] = app.Name;
        FunctionsApplicationBuilder builder = FunctionsApplication.CreateBuilder(TestHost.Arguments(_root, settings: all));
        if (isWebApplication)
        {
            builder.ConfigureFunctionsWebApplication();
        }

        configure?.Invoke(builder.Services);
        builder.Logging.ClearProviders().AddProvider(_log);
        return await TestHost.StartAsync(builder.Build(), _root, _log);
    }
}

/// <summary>A trigger of an extension that this host does not have.</summary>
[AttributeUsage(AttributeTargets.Parameter)]
public sealed class OtherTriggerAttribute : TriggerBindingAttribute;

/// <summary>An input of an extension that this host does not have.</summary>
[AttributeUsage(AttributeTargets.Parameter)]
public sealed class OtherInputAttribute : InputBindingAttribute;

/// <summary>An input whose attribute does not take what it is given.</summary>
[AttributeUsage(AttributeTargets.Parameter)]
public sealed class ThrowingInputAttribute : InputBindingAttribute
{
    public ThrowingInputAttribute() => throw new InvalidOperationException("no such row");
}
