using System.Net;
using System.Text;
using Azure.Storage.Queues;
using Heal.FunctionsWorker.Tests.Sample;
using Heal.FunctionsWorker.Tests.Support;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Azure.Functions.Worker.Discovery;
using Microsoft.Azure.Functions.Worker.Extensions.Abstractions;
using Microsoft.Extensions.Hosting;

namespace Heal.FunctionsWorker.Tests;

public sealed class OutputBindingTests : IAsyncLifetime
{
    private readonly string _orders = Azurite.NewName();
    private readonly string _out = Azurite.NewName();

    private QueueClient Out => Azurite.Queue(_out);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await Azurite.Queue(_orders).DeleteIfExistsAsync();
        await Out.DeleteIfExistsAsync();
    }

    [Fact]
    public async Task A_returned_text_becomes_a_message_in_a_queue_that_is_made_for_it_and_the_reply_is_empty()
    {
        await using TestHost host = await StartAsync("SendText");
        HttpResponseMessage response = await host.SendAsync(HttpMethod.Post, "/api/SendText?text=hello");
        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        Assert.Equal(["hello"], await MessagesAsync());
    }

    [Fact]
    public async Task Null_hands_nothing_on()
    {
        await using TestHost host = await StartAsync("SendText");
        Assert.Equal(HttpStatusCode.NoContent, (await host.GetAsync("/api/SendText?text=hello")).StatusCode);
        Assert.False(await Out.ExistsAsync());
    }

    [Fact]
    public async Task The_properties_of_a_returned_class_go_to_their_queues_one_message_per_item_and_to_the_reply()
    {
        await using TestHost host = await StartAsync("SendMany");
        Assert.Equal(HttpStatusCode.Accepted, (await host.GetAsync("/api/SendMany?count=2")).StatusCode);
        Assert.Equal(["raw", """{"Number":1,"Item":"GET"}""", """{"Number":2,"Item":"GET"}"""], await MessagesAsync());
    }

    [Fact]
    public async Task A_property_of_type_HttpResponseData_is_the_reply_without_an_attribute_and_a_dictionary_is_one_message()
    {
        await using TestHost host = await StartAsync("SendAndReply");
        HttpResponseMessage response = await host.GetAsync("/api/SendAndReply");
        Assert.Equal((HttpStatusCode.Created, "made"), (response.StatusCode, await response.Content.ReadAsStringAsync()));
        Assert.Equal(["""{"a":1}"""], await MessagesAsync());
    }

    [Fact]
    public async Task Bodies_are_plain_when_host_json_says_so()
    {
        await using TestHost host = await StartAsync("SendText", encoding: "none");
        await host.SendAsync(HttpMethod.Post, "/api/SendText?text=plain");
        Assert.Equal("plain", (await Out.PeekMessagesAsync(1)).Value.Single().Body.ToString());
    }

    [Theory]
    [InlineData("/api/SendMany?count=1001", "more than 1000 messages")]
    [InlineData("/api/SendText?text=x", "has a message of")]
    public async Task Too_many_messages_or_one_too_large_fail_the_invocation_and_none_is_sent(string path, string reason)
    {
        await using TestHost host = await StartAsync(path.Contains("Many", StringComparison.Ordinal) ? "SendMany" : "SendText",
            static builder => builder.UseMiddleware(static async (context, next) =>
            {
                await next();
                context.GetInvocationResult().Value = context.GetInvocationResult().Value is string ? new string('x', 50_000)
                    : context.GetInvocationResult().Value;
            }));
        Assert.Equal(HttpStatusCode.InternalServerError, (await host.SendAsync(HttpMethod.Post, path)).StatusCode);
        Assert.Contains(reason, host.Log.All, StringComparison.Ordinal);
        Assert.False(await Out.ExistsAsync());
    }

    [Fact]
    public async Task Middleware_sees_outputs_and_may_replace_them_and_the_reply()
    {
        await using TestHost host = await StartAsync("SendMany", static builder => builder.UseMiddleware(static async (context, next) =>
        {
            await next();
            OutputBindingData<object>[] outputs = [.. context.GetOutputBindings<object>()];
            outputs.Single(static o => o.Name == "Bytes").Value = null;
            context.GetOutputBindings<IReadOnlyList<Order>>().Single().Value =
                [new(7, string.Join(' ', outputs.Select(static o => $"{o.Name}:{o.BindingType}")))];
            context.GetInvocationResult().Value = new StatusCodeResult(299);
        }));
        Assert.Equal(299, (int)(await host.GetAsync("/api/SendMany?count=1")).StatusCode);
        Assert.Equal(["""{"Number":7,"Item":"Orders:queue Bytes:queue Reply:http"}"""], await MessagesAsync());
    }

    [Fact]
    public async Task What_a_function_returns_is_handed_on_although_its_caller_has_left()
    {
        await using TestHost host = await StartAsync("SendLate");
        using (RawClient client = await RawClient.ConnectAsync(host.Client.BaseAddress!))
        {
            await client.SendAsync("GET /api/SendLate HTTP/1.1\r\nHost: here\r\n\r\n");
            await host.Get<Journal>().NextAsync();
        }

        await host.Get<Journal>().NextAsync();
        Assert.Equal(["called", "left"], host.Get<Journal>().Entries);
        host.Get<Journal>().GoOn.Release();

        await host.Log.ContainsAsync("Function SendLate succeeded");
        Assert.Equal(["late"], await MessagesAsync());
    }

    [Fact]
    public async Task A_message_that_cannot_be_handed_on_fails_the_invocation_so_that_its_trigger_comes_again()
    {
        await using var proxy = new SwitchableProxy(Out.Uri.Port);
        string connection = Azurite.ConnectionString.Replace($":{Out.Uri.Port}/", $":{proxy.Port}/", StringComparison.Ordinal);
        await using TestHost host = await StartAsync("Forward", connection: connection);
        await Azurite.SendAsync(Azurite.Queue(_orders), """{ "Number": 4, "Item": "nut" }""");
        await host.Get<Journal>().NextAsync();
        await Azurite.UntilAsync(
            () => Task.FromResult(host.Log.All.Contains("its output $return could not be sent", StringComparison.Ordinal)), "it failed");
        proxy.SwitchOn();
        await host.Get<Journal>().NextAsync();
        await Azurite.UntilAsync(
            async () => (await Azurite.Queue(_orders).GetPropertiesAsync()).Value.ApproximateMessagesCount == 0, "it is done");
        Assert.Equal(["""{"Number":4,"Item":"forwarded"}"""], (await MessagesAsync()).Distinct());
    }

    [Theory]
    [InlineData(nameof(Declared.Nothing), "returns nothing")]
    [InlineData(nameof(Declared.Twice), "has 2 output attributes")]
    [InlineData(nameof(Declared.Both), "on the method and outputs on properties")]
    [InlineData(nameof(Declared.Replies), "2 outputs that reply")]
    [InlineData(nameof(Declared.Strange), "[StrangeOutput] on $return, which this host cannot fill")]
    public void Faulty_outputs_are_reported_at_start_with_what_was_expected(string method, string fault)
    {
        List<string> faults = [];
        OutputRules.Of(typeof(Declared).GetMethod(method)!, new HttpTriggerAttribute(), faults.Add);
        Assert.Contains(fault, faults.Single(), StringComparison.Ordinal);
    }

    [Fact]
    public void An_orchestrator_may_hand_nothing_on_and_without_a_request_there_is_no_reply()
    {
        List<string> faults = [];
        OutputRules.Of(typeof(Declared).GetMethod(nameof(Declared.Text))!, new OrchestrationTriggerAttribute(), faults.Add);
        OutputRules.Of(typeof(Declared).GetMethod(nameof(Declared.Reply))!, new ActivityTriggerAttribute(), faults.Add);
        Assert.Equal(2, faults.Count);
        Assert.Contains("do it in an activity", faults[0], StringComparison.Ordinal);
        Assert.Contains("[HttpTrigger] only", faults[1], StringComparison.Ordinal);
    }

    private Task<TestHost> StartAsync(
        string function, Action<FunctionsApplicationBuilder>? configure = null, string encoding = "base64", string? connection = null) =>
        TestHost.StartAsync(
            configure,
            settings: new(StringComparer.Ordinal)
            {
                ["ORDERS"] = _orders,
                ["OUT"] = _out,
                ["AzureWebJobsStorage"] = Azurite.ConnectionString,
                ["OUT_STORAGE"] = connection ?? Azurite.ConnectionString,
            },
            hostJson: $$"""
                { "extensions": { "queues": {
                    "maxPollingInterval": "00:00:00.200", "maxDequeueCount": 20, "messageEncoding": "{{encoding}}" } } }
                """,
            listeners: [function]);

    private async Task<IEnumerable<string>> MessagesAsync() => (await Out.PeekMessagesAsync(32)).Value
        .Select(static m => Encoding.UTF8.GetString(Convert.FromBase64String(m.Body.ToString())))
        .OrderBy(static m => m.StartsWith('{'))
        .ThenBy(static m => m, StringComparer.Ordinal);

    private static class Declared
    {
        [QueueOutput("q")]
        public static Task Nothing() => Task.CompletedTask;

        [QueueOutput("q"), HttpResult]
        public static string Twice() => "";

        [QueueOutput("q")]
        public static Sent Both() => new();

        public static TwoReplies Replies() => new(null, null);

        [StrangeOutput]
        public static string Strange() => "";

        [QueueOutput("q")]
        public static Task<string> Text() => Task.FromResult("");

        [HttpResult]
        public static string Reply() => "";
    }

    private sealed record TwoReplies(IActionResult? First, StatusCodeResult? Second);

    [AttributeUsage(AttributeTargets.Method)]
    private sealed class StrangeOutputAttribute : OutputBindingAttribute;
}
