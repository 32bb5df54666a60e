using System.Collections.Concurrent;
using System.Diagnostics;
using Azure.Storage.Queues;
using Heal.FunctionsWorker.Tests.Sample;
using Heal.FunctionsWorker.Tests.Support;
using Microsoft.Azure.Functions.Worker.Queues;
using Microsoft.DurableTask.Client;
using Npgsql;

namespace Heal.FunctionsWorker.Tests;

/// <summary>One trace from what came in to what was done about it.</summary>
public sealed class TraceTests : IDisposable
{
    private readonly ConcurrentQueue<Activity> _spans = new();
    private readonly ActivityListener _listener;
    private readonly ActivityTraceId _trace = ActivityTraceId.CreateRandom();

    public TraceTests()
    {
        _listener = new()
        {
            ShouldListenTo = static source =>
                source.Name is "Microsoft.AspNetCore" or "Microsoft.Azure.Functions.Worker" or "Microsoft.DurableTask",
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = span =>
            {
                if (span.TraceId == _trace)
                {
                    _spans.Enqueue(span);
                }
            },
        };
        ActivitySource.AddActivityListener(_listener);
    }

    private string TraceParent => $"00-{_trace.ToHexString()}-{ActivitySpanId.CreateRandom().ToHexString()}-01";

    public void Dispose() => _listener.Dispose();

    [Fact]
    public async Task Request_function_orchestration_and_activity_function_are_one_trace_each_the_child_of_its_cause()
    {
        await using TestHost host = await TestHost.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/greet/Ada");
        request.Headers.Add("traceparent", TraceParent);
        HttpResponseMessage started = await host.Client.SendAsync(request);
        string id = (await TestHost.JsonAsync(started))["Id"]!.GetValue<string>();
        await host.Get<Journal>().NextAsync();
        await host.Get<DurableTaskClient>().RaiseEventAsync(id, "End", "!");
        await host.Get<DurableTaskClient>().WaitForInstanceCompletionAsync(id);

        await Azurite.UntilAsync(() => Task.FromResult(Span("orchestration:Greet") is not null), "the orchestration's span has ended");
        Assert.Equal(Span("StartGreet")!.SpanId, Span("create_orchestration:Greet")!.ParentSpanId);
        Assert.Equal(Span("create_orchestration:Greet")!.SpanId, Span("orchestration:Greet")!.ParentSpanId);
        Activity function = Span("SayHello")!;
        Assert.Equal("activity:SayHello", _spans.Single(s => s.SpanId == function.ParentSpanId).DisplayName);
        Assert.Equal("activity", function.GetTagItem("faas.trigger"));
    }

    [Theory]
    [InlineData("""{ "distributedTracingEnabled": false }""")]
    [InlineData("""{ "version": "None" }""")]
    public async Task Without_distributed_tracing_orchestrations_and_activities_write_no_spans(string tracing)
    {
        await using TestHost host = await TestHost.StartAsync(
            hostJson: $$"""{ "extensions": { "durableTask": { "tracing": {{tracing}} } } }""");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/greet/Ada");
        request.Headers.Add("traceparent", TraceParent);
        string id = (await TestHost.JsonAsync(await host.Client.SendAsync(request)))["Id"]!.GetValue<string>();
        await host.Get<Journal>().NextAsync();
        await host.Get<DurableTaskClient>().RaiseEventAsync(id, "End", "!");
        await host.Get<DurableTaskClient>().WaitForInstanceCompletionAsync(id);

        await Azurite.UntilAsync(() => Task.FromResult(Span("StartGreet") is not null), "the function's span has ended");
        Assert.DoesNotContain(_spans, static s => s.Source.Name == "Microsoft.DurableTask");
    }

    [Fact]
    public async Task A_queue_message_that_carries_a_traceparent_continues_its_trace_and_its_body_is_not_touched()
    {
        string name = Azurite.NewName();
        QueueClient queue = Azurite.Queue(name);
        await using TestHost host = await TestHost.StartAsync(
            settings: new(StringComparer.Ordinal) { ["ORDERS"] = name, ["AzureWebJobsStorage"] = Azurite.ConnectionString },
            listeners: ["SlowOrder"]);
        string body = $$"""{ "nested": { "traceparent": "not this one" }, "traceparent": "{{TraceParent}}", "Number": 1 }""";
        await Azurite.SendAsync(queue, body);
        await host.Get<Journal>().NextAsync();
        await Azurite.UntilAsync(() => Task.FromResult(Span("SlowOrder") is not null), "the span has ended");
        Assert.Equal(ActivityKind.Consumer, Span("SlowOrder")!.Kind);
        Assert.Equal([$"slow {body} 1"], host.Get<Journal>().Entries);
        await queue.DeleteIfExistsAsync();
    }

    [Fact]
    public async Task A_message_that_an_output_hands_on_continues_the_trace_of_its_sender_without_a_word_of_it_in_its_body()
    {
        string name = Azurite.NewName();
        await using TestHost host = await TestHost.StartAsync(
            settings: new(StringComparer.Ordinal)
            {
                ["ORDERS"] = name, ["OUT"] = name, ["AzureWebJobsStorage"] = Azurite.ConnectionString,
            },
            listeners: ["SendText", "SlowOrder"]);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/SendText?text=hello");
        request.Headers.Add("traceparent", TraceParent);
        await host.Client.SendAsync(request);
        await host.Get<Journal>().NextAsync();
        await Azurite.UntilAsync(() => Task.FromResult(Span("SlowOrder") is not null), "the receiver's span has ended");
        Assert.Equal(Span("SendText")!.SpanId, Span("SlowOrder")!.ParentSpanId);
        Assert.Equal(["slow hello 1"], host.Get<Journal>().Entries);
        await Azurite.Queue(name).DeleteIfExistsAsync();
    }

    [Fact]
    public async Task A_message_continues_the_trace_of_its_sender_at_another_host_too()
    {
        string name = Azurite.NewName();
        await using AppDatabase database = await AppDatabase.CreateAsync();
        await using TestHost sender = await StartAsync(name, database.ConnectionString, "SendText");
        await SendAsync(sender);
        await Azurite.UntilAsync(
            async () => await database.QueryAsync<long>("SELECT count(*) FROM durable_host.message_traces") == 1, "the trace is stored");

        await using TestHost receiver = await StartAsync(name, database.ConnectionString, "SlowOrder");
        await receiver.Get<Journal>().NextAsync();

        await Azurite.UntilAsync(() => Task.FromResult(Span("SlowOrder") is not null), "the receiver's span has ended");
        Assert.Equal(Span("SendText")!.SpanId, Span("SlowOrder")!.ParentSpanId);
        Assert.True(Span("SlowOrder")!.HasRemoteParent);
        Assert.Equal(["slow hello 1"], receiver.Get<Journal>().Entries);
        await Azurite.Queue(name).DeleteIfExistsAsync();
    }

    [Fact]
    public async Task While_the_store_is_away_traces_are_lost_and_messages_are_not()
    {
        string name = Azurite.NewName();
        await using AppDatabase database = await AppDatabase.CreateAsync();
        var server = new NpgsqlConnectionStringBuilder(database.ConnectionString);
        await using var proxy = new SwitchableProxy(server.Port);
        proxy.SwitchOn();
        server.Port = proxy.Port;
        await using TestHost sender = await StartAsync(name, server.ConnectionString, "SendText");
        await using TestHost receiver = await StartAsync(name, server.ConnectionString, "SlowOrder");
        await proxy.SwitchOffAsync();

        await SendAsync(sender);
        await receiver.Get<Journal>().NextAsync();

        Assert.Equal(["slow hello 1"], receiver.Get<Journal>().Entries);
        await sender.Log.ContainsAsync("Traces of queue messages are not shared with other hosts");
        await receiver.Log.ContainsAsync("Function SlowOrder succeeded");
        Assert.Null(Span("SlowOrder"));
        await Azurite.Queue(name).DeleteIfExistsAsync();
    }

    [Theory]
    [InlineData("plain text with \"traceparent\" in it")]
    [InlineData("""{ "traceparent": 5 }""")]
    [InlineData("""{ "traceparent": "no such thing" }""")]
    [InlineData("""["traceparent"]""")]
    [InlineData("""{ "traceparent": """)]
    public void A_body_that_tells_no_trace_begins_a_new_one(string body) =>
        Assert.Equal(default, new MessageTraces().ParentOf("id", BinaryData.FromString(body)));

    [Fact]
    public void A_message_that_this_process_sent_is_remembered_up_to_a_limit()
    {
        var traces = new MessageTraces();
        using Activity sender = new Activity("sender").SetIdFormat(ActivityIdFormat.W3C).Start();
        for (int i = 0; i <= MessageTraces.Remembered; i++)
        {
            traces.Sent($"message {i}");
        }

        BinaryData body = BinaryData.FromString("anything");
        Assert.Equal(default, traces.ParentOf("message 0", body));
        Assert.Equal(sender.Context, traces.ParentOf("message 1", body));
        Assert.Equal(sender.Context, traces.ParentOf($"message {MessageTraces.Remembered}", body));
    }

    /// <summary>A host whose store is in the database, and its hub in memory.</summary>
    private static Task<TestHost> StartAsync(string queue, string connection, string listener) => TestHost.StartAsync(
        settings: new(StringComparer.Ordinal)
        {
            ["ORDERS"] = queue, ["OUT"] = queue, ["AzureWebJobsStorage"] = Azurite.ConnectionString,
            [TestHost.DefaultConnection] = connection,
        },
        listeners: [listener]);

    private async Task SendAsync(TestHost sender)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/SendText?text=hello");
        request.Headers.Add("traceparent", TraceParent);
        Assert.True((await sender.Client.SendAsync(request)).IsSuccessStatusCode);
    }

    private Activity? Span(string name) => _spans.FirstOrDefault(s => s.DisplayName == name);
}
