using System.Text;
using System.Text.Json;
using Azure.Core.Serialization;
using Heal.FunctionsWorker.Tests.Support;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Extensions.DurableTask.Http;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Converters;
using Microsoft.Extensions.DependencyInjection;

namespace Heal.FunctionsWorker.Tests;

/// <summary>How inputs and outputs of durable functions are read and written.</summary>
public sealed class DurablePayloadTests
{
    private const string Start = "/runtime/webhooks/durabletask/orchestrators/TakeStock?timeout=30&pollingInterval=1";

    [Fact]
    public async Task Names_are_read_in_any_letter_case_and_written_as_declared()
    {
        await using TestHost host = await TestHost.StartAsync();
        Assert.Equal("""{"Number":2,"Item":"nut"}""", await RunAsync(host, """{"number":1,"item":"nut"}"""));
    }

    [Fact]
    public async Task The_serializer_of_the_worker_is_that_of_durable_payloads()
    {
        var web = new JsonSerializerOptions(JsonSerializerDefaults.Web) { IncludeFields = true };
        await using TestHost host = await TestHost.StartAsync(builder =>
            builder.Services.Configure<WorkerOptions>(options => options.Serializer = new JsonObjectSerializer(web)));
        Assert.Equal("""{"number":2,"item":"nut"}""", await RunAsync(host, """{"Number":1,"Item":"nut"}"""));
    }

    [Fact]
    public async Task A_data_converter_of_the_application_is_left_in_place()
    {
        var snake = new JsonSerializerOptions { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseUpper, IncludeFields = true };
        await using TestHost host = await TestHost.StartAsync(builder =>
            builder.Services.AddSingleton<DataConverter>(new JsonDataConverter(snake)));
        Assert.Equal("""{"NUMBER":2,"ITEM":"nut"}""", await RunAsync(host, """{"NUMBER":1,"ITEM":"nut"}"""));
    }

    [Fact]
    public void A_serializer_of_another_kind_gets_neither_JSON_as_an_object_nor_the_types_of_durable_HTTP()
    {
        DataConverter converter = SerializerDataConverter.Of(new WorkerOptions { Serializer = new ForeignSerializer() });
        var request = new DurableHttpRequest(HttpMethod.Get, new Uri("https://example.test/a"));
        Assert.Equal("foreign", converter.Serialize(new object()));
        Assert.Equal("""{"number":1}""", converter.Serialize(JsonElement.Parse("""{"number":1}""")));
        Assert.Equal(request.Uri, converter.Deserialize<DurableHttpRequest>(converter.Serialize(request))!.Uri);
    }

    private sealed class ForeignSerializer : ObjectSerializer
    {
        public override void Serialize(Stream stream, object? value, Type inputType, CancellationToken cancellationToken) =>
            stream.Write("foreign"u8);

        public override ValueTask SerializeAsync(Stream stream, object? value, Type inputType, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public override object? Deserialize(Stream stream, Type returnType, CancellationToken cancellationToken) => "foreign";

        public override ValueTask<object?> DeserializeAsync(Stream stream, Type returnType, CancellationToken cancellationToken) =>
            throw new NotSupportedException();
    }

    private static async Task<string> RunAsync(TestHost host, string input)
    {
        using var body = new StringContent(input, Encoding.UTF8, "application/json");
        HttpResponseMessage ended = await host.SendAsync(HttpMethod.Post, Start, TestHost.SystemKey, body);
        return await ended.Content.ReadAsStringAsync();
    }
}
