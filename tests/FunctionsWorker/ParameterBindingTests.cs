using System.Net.Http.Json;
using Azure.Storage.Queues;
using Heal.FunctionsWorker.Tests.Sample;
using Heal.FunctionsWorker.Tests.Support;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Converters;
using Microsoft.Azure.Functions.Worker.Extensions.Http.Converters;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Heal.FunctionsWorker.Tests;

public sealed class ParameterBindingTests : IAsyncLifetime
{
    private readonly string _orders = Azurite.NewName();

    private QueueClient Orders => Azurite.Queue(_orders);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await Orders.DeleteIfExistsAsync();

    [Theory]
    [InlineData("/api/optional/7", "GET 7")]
    [InlineData("/api/optional", "GET none")]
    [InlineData("/api/paged", "GET 1 20")]
    [InlineData("/api/paged/3/50", "GET 3 50")]
    [InlineData("/api/files/a/b%20c/d.txt", "GET a/b c/d.txt")]
    [InlineData("/api/Shouted?name=ada", "GET ADA")]
    [InlineData("/api/Defaults", "GET Green Green 7 1.5 True True none")]
    [InlineData("/api/Defaults?colour=red&plain=red&most=8&price=2&text=a", "GET Red Red 8 2 True True a")]
    [InlineData("/api/TwoWays", "GET with services")]
    [InlineData("/api/Listed?names=[\"ada\",\"bob\"]", "GET ada+bob none names")]
    [InlineData("/api/Listed?names=[]&sizes=[3,4]", "GET  7 names+sizes")]
    [InlineData(
        "/api/scalars/6f9619ff-8b86-d011-b42d-00c04fc964ff?flag=true&big=-9000000000&real=1.5&money=2.50&letter=x&colour=green"
            + "&span=00:01:30&day=2026-02-03&time=14:05&moment=2026-02-03T04:05:06%2B02:00&link=https://example.org/a",
        "GET 6f9619ff-8b86-d011-b42d-00c04fc964ff True -9000000000 1.5 2.50 x Green 00:01:30 2026-02-03 14:05 "
            + "2026-02-03T04:05:06.0000000+02:00 https://example.org/a 9 -")]
    public async Task Values_of_route_and_query_are_bound_by_name(string path, string expected)
    {
        await using TestHost host = await TestHost.StartAsync();
        Assert.Equal(expected, await host.GetTextAsync(path));
    }

    [Theory]
    [InlineData("/api/optional/seven", 404, "No function answers")]
    [InlineData("/api/paged/1/51", 404, "No function answers")]
    [InlineData("/api/paged/one", 400, "parameter 'page'")]
    [InlineData("/api/Listed?names=ada", 400, "parameter 'names'")]
    [InlineData("/api/scalars/6f9619ff-8b86-d011-b42d-00c04fc964ff?flag=maybe", 400, "parameter 'flag'")]
    [InlineData("/api/scalars/6f9619ff-8b86-d011-b42d-00c04fc964ff", 400, "parameter 'flag': expected Boolean by the name 'flag'")]
    public async Task A_value_that_does_not_fit_or_is_missing_is_the_callers_fault(string path, int status, string detail)
    {
        await using TestHost host = await TestHost.StartAsync();
        HttpResponseMessage response = await host.GetAsync(path);
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Contains(detail, (string)(await TestHost.JsonAsync(response))["detail"]!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("TakeId", "6f9619ff-8b86-d011-b42d-00c04fc964ff", "id 6f9619ff-8b86-d011-b42d-00c04fc964ff")]
    [InlineData("TakeId", "\"6f9619ff-8b86-d011-b42d-00c04fc964ff\"", "id 6f9619ff-8b86-d011-b42d-00c04fc964ff")]
    [InlineData("TakeMoment", "2026-02-03T04:05:06Z", "moment 2026-02-03T04:05:06.0000000+00:00")]
    [InlineData("TakeMoment", "\"2026-02-03T04:05:06+01:00\"", "moment 2026-02-03T04:05:06.0000000+01:00")]
    [InlineData("TakeMoment", "null", "moment ")]
    [InlineData("TakeTime", "2026-02-03T04:05:06Z", "time 2026-02-03T04:05:06.0000000Z")]
    [InlineData("TakeTime", "\"2026-02-03T04:05:06Z\"", "time 2026-02-03T04:05:06.0000000Z")]
    public async Task An_id_or_a_time_is_a_messages_text_as_it_is_or_in_JSON(string function, string body, string expected)
    {
        await using TestHost host = await TestHost.StartAsync(
            settings: new(StringComparer.Ordinal) { ["ORDERS"] = _orders, ["AzureWebJobsStorage"] = Azurite.ConnectionString },
            listeners: [function]);
        await Azurite.SendAsync(Orders, body);
        await host.Get<Journal>().NextAsync();
        Assert.Equal([expected], host.Get<Journal>().Entries);
    }

    [Fact]
    public async Task FromBody_leaves_the_body_to_HttpRequestData_which_can_be_read_again_and_synchronously()
    {
        await using TestHost host = await TestHost.StartAsync();
        HttpResponseMessage response = await host.SendAsync(
            HttpMethod.Post, "/api/BodyAndRequest", body: new StringContent("""{"number":12,"item":"nut"}"""));
        Assert.Equal("nut 26 12 26", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task FromBody_of_bytes_is_the_body_as_it_came()
    {
        await using TestHost host = await TestHost.StartAsync();
        HttpResponseMessage response = await host.SendAsync(HttpMethod.Post, "/api/RawBody", body: new StringContent("as it came"));
        Assert.Equal("POST as it came", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_middleware_may_read_the_body_in_place_of_FromBody()
    {
        await using TestHost host = await TestHost.StartAsync(static builder => builder.UseMiddleware(static (context, next) =>
        {
            context.Features.Set<IFromBodyConversionFeature>(new FixedBody());
            return next();
        }));
        HttpResponseMessage response = await host.SendAsync(HttpMethod.Put, "/api/orders", body: new StringContent("not JSON"));
        Assert.Equal("""{"number":99,"item":"fixed"}""", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_middleware_may_bind_a_parameter_and_change_it_before_the_function_gets_it()
    {
        await using TestHost host = await TestHost.StartAsync(static builder => builder.UseMiddleware(static async (context, next) =>
        {
            InputBindingData<Order> order = await context.BindInputAsync<Order>(context.FunctionDefinition.InputBindings["order"]);
            order.Value = order.Value! with { Number = order.Value.Number + 1 };
            await next();
        }));
        HttpResponseMessage response = await host.SendAsync(
            HttpMethod.Post, "/api/orders", body: JsonContent.Create(new { number = 8, item = "bolt" }));
        Assert.Equal("""{"number":9,"item":"bolt"}""", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Binding_data_hold_route_query_and_headers_but_no_key()
    {
        string? seen = null;
        await using TestHost host = await TestHost.StartAsync(builder => builder.UseMiddleware((context, next) =>
        {
            IReadOnlyDictionary<string, object?> data = context.BindingContext.BindingData;
            seen = string.Join(
                '|', data["ID"], data["a"], data["Query"], data.ContainsKey("code"), data["Headers"], string.Join(',', data.Keys));
            return next();
        }));
        await host.SendAsync(HttpMethod.Get, $"/api/orders/5?a=b&code={TestHost.HostKey}");
        Assert.StartsWith("""5|b|{"a":"b"}|False|{"Host":""", seen, StringComparison.Ordinal);
        Assert.EndsWith("|id,a,Query,Headers", seen, StringComparison.Ordinal);
        Assert.DoesNotContain(TestHost.HostKey, seen, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_queue_message_is_bound_as_bytes_with_its_metadata_by_name()
    {
        await using TestHost host = await StartAsync("TakeBytes");
        await Azurite.SendAsync(Orders, "the body");
        await host.Get<Journal>().NextAsync();
        Assert.Equal(["the body True True True 1 the body True"], host.Get<Journal>().Entries);
    }

    [Fact]
    public async Task A_queue_message_is_bound_as_BinaryData()
    {
        await using TestHost host = await StartAsync("TakeText");
        await Azurite.SendAsync(Orders, "the text");
        await host.Get<Journal>().NextAsync();
        Assert.Equal(["the text 1 queueTrigger"], host.Get<Journal>().Entries);
    }

    [Fact]
    public async Task A_converter_of_the_application_is_asked_for_its_types_and_sees_the_attribute()
    {
        await using TestHost host = await TestHost.StartAsync(static builder =>
            builder.Services.Configure<WorkerOptions>(static options => options.InputConverters.RegisterAt<Orders7>(0)));
        HttpResponseMessage response = await host.SendAsync(HttpMethod.Post, "/api/orders");
        Assert.Equal("""{"number":7,"item":"HttpTriggerAttribute"}""", await response.Content.ReadAsStringAsync());
        Assert.Equal("GET nobody True", await host.GetTextAsync("/api/Text"));
    }

    private Task<TestHost> StartAsync(string function) => TestHost.StartAsync(
        settings: new(StringComparer.Ordinal) { ["ORDERS"] = _orders, ["AzureWebJobsStorage"] = Azurite.ConnectionString },
        hostJson: """{ "extensions": { "queues": { "maxPollingInterval": "00:00:00.200" } } }""",
        listeners: [function]);

    private sealed class FixedBody : IFromBodyConversionFeature
    {
        public ValueTask<object?> ConvertAsync(FunctionContext context, Type targetType) => new(new Order(99, "fixed"));
    }

    [SupportedTargetType(typeof(Order))]
    private sealed class Orders7 : IInputConverter
    {
        public ValueTask<ConversionResult> ConvertAsync(ConverterContext context) =>
            new(context.TryGetBindingAttribute<HttpTriggerAttribute>(out object? attribute)
                ? ConversionResult.Success(new Order(7, attribute.GetType().Name))
                : ConversionResult.Failed(new InvalidOperationException($"asked for {context.TargetType}")));
    }
}
