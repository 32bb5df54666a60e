using System.Collections.Immutable;
using System.Diagnostics.Metrics;
using Heal.FunctionsWorker.Tests.Sample;
using Heal.FunctionsWorker.Tests.Support;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Core.FunctionMetadata;
using Microsoft.Azure.Functions.Worker.Core.Invocation;
using Microsoft.Azure.Functions.Worker.Diagnostics;
using Microsoft.Azure.Functions.Worker.Invocation;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Heal.FunctionsWorker.Tests;

/// <summary>The parts of the worker that an application may replace or look at.</summary>
public sealed class WorkerCoreTests
{
    [Fact]
    public async Task The_application_may_make_the_objects_of_its_functions_itself()
    {
        var activator = new CountingActivator();
        await using TestHost host = await TestHost.StartAsync(
            builder => builder.Services.AddSingleton<IFunctionActivator>(activator));
        Assert.Equal("GET 1", await host.GetTextAsync("/api/Scoped"));
        Assert.Equal(["HttpSamples"], activator.Made);
    }

    [Fact]
    public async Task The_application_may_execute_functions_itself()
    {
        await using TestHost host = await TestHost.StartAsync(
            static builder => builder.Services.AddSingleton<IFunctionExecutor, SaysItsName>());
        Assert.Equal("Scoped by Scoped", await host.GetTextAsync("/api/Scoped"));
    }

    [Fact]
    public async Task Middleware_after_the_execution_of_the_function_does_not_run()
    {
        await using TestHost host = await TestHost.StartAsync(static builder => builder
            .UseDefaultWorkerMiddleware()
            .UseMiddleware(static (_, _) => throw new InvalidOperationException("was reached")));
        Assert.Equal("GET 1", await host.GetTextAsync("/api/Scoped"));
    }

    [Fact]
    public async Task The_metadata_manager_lists_the_functions_with_their_bindings_and_retries_through_the_transformers()
    {
        await using TestHost host = await TestHost.StartAsync(
            static builder => builder.Services.AddSingleton<IFunctionMetadataTransformer, WithoutBoom>());
        ImmutableArray<IFunctionMetadata> functions = await host.Get<IFunctionMetadataManager>().GetFunctionMetadataAsync("");
        IFunctionMetadata order = functions.Single(static f => f.Name == "OrderById");
        Assert.Equal(
            [
                """{"name":"request","direction":"In","type":"httpTrigger","route":"orders/{id:int}","methods":["get"],"""
                    + "\"authLevel\":\"Anonymous\"}",
                """{"name":"$return","direction":"Out","type":"http"}""",
            ],
            order.RawBindings);
        Assert.Equal(
            ("dotnet-isolated", "Heal.FunctionsWorker.Tests.dll", "Heal.FunctionsWorker.Tests.Sample.HttpSamples.OrderById"),
            (order.Language, order.ScriptFile, order.EntryPoint));
        IRetryOptions retry = functions.Single(static f => f.Name == "TickAgain").Retry!;
        Assert.Equal((2, RetryStrategy.FixedDelay), (retry.MaxRetryCount, retry.Strategy));
        Assert.DoesNotContain(functions, static f => f.Name == "Boom");
    }

    [Fact]
    public async Task A_startup_class_that_an_assembly_names_takes_part_in_building_the_host()
    {
        await using TestHost host = await TestHost.StartAsync();
        Assert.NotNull(host.Get<SampleExtension.Mark>());
    }

    [Fact]
    public async Task Baggage_of_the_callers_trace_is_handed_to_the_applications_propagator_until_the_invocation_ends()
    {
        var propagator = new CollectingPropagator();
        await using TestHost host = await TestHost.StartAsync(
            builder => builder.Services.AddSingleton<IBaggagePropagator>(propagator));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/Text");
        request.Headers.Add("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        request.Headers.Add("baggage", "customer=7");
        await host.Client.SendAsync(request);
        Assert.Equal(["customer=7", "end"], propagator.Seen);
    }

    [Fact]
    public async Task Every_invocation_can_be_told_by_its_feature()
    {
        (string Context, string Feature, string Function) seen = default;
        await using TestHost host = await TestHost.StartAsync(builder => builder.UseMiddleware((context, next) =>
        {
            FunctionInvocation invocation = context.Features.Get<FunctionInvocation>()!;
            seen = (context.InvocationId, invocation.Id, invocation.FunctionId);
            return next();
        }));
        await host.GetAsync("/api/Text");
        Assert.Equal((seen.Context, "Text"), (seen.Feature, seen.Function));
    }

    [Fact]
    public void A_metric_goes_to_the_log_and_to_the_meter_with_its_properties()
    {
        var log = new CollectingLogger();
        List<string> measured = [];
        using var listener = new MeterListener
        {
            InstrumentPublished = static (instrument, self) =>
            {
                if (instrument.Name == "bolts made")
                {
                    self.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<double>((_, value, tags, _) => measured.Add($"{value} {tags[0].Key}={tags[0].Value}"));
        listener.Start();
        log.CreateLogger("x").LogMetric(
            "bolts made", 3.5, new Dictionary<string, object>(StringComparer.Ordinal) { ["line"] = "north" });
        Assert.Equal(["3.5 line=north"], measured);
        Assert.Contains("Metric bolts made is 3.5  [line=north]", log.All, StringComparison.Ordinal);
    }

    private sealed class CountingActivator : IFunctionActivator
    {
        public List<string> Made { get; } = [];

        public object? CreateInstance(Type instanceType, FunctionContext context)
        {
            Made.Add(instanceType.Name);
            return instanceType == typeof(HttpSamples)
                ? ActivatorUtilities.CreateInstance(context.InstanceServices, instanceType)
                : this.CreateInstance<HttpSamples>(context);
        }
    }

    private sealed class SaysItsName : IFunctionExecutor
    {
        public ValueTask ExecuteAsync(FunctionContext context)
        {
            context.GetInvocationResult().Value = $"{context.FunctionDefinition.Name} by {context.FunctionId}";
            return default;
        }
    }

    private sealed class WithoutBoom : IFunctionMetadataTransformer
    {
        public string Name => "without Boom";

        public void Transform(IList<IFunctionMetadata> original) => original.Remove(original.Single(static f => f.Name == "Boom"));
    }

    private sealed class CollectingPropagator : IBaggagePropagator, IDisposable
    {
        public List<string> Seen { get; } = [];

        public IDisposable SetBaggage(IEnumerable<KeyValuePair<string, string>> baggage)
        {
            Seen.AddRange(baggage.Select(static b => $"{b.Key}={b.Value}"));
            return this;
        }

        public void Dispose() => Seen.Add("end");
    }
}
