using System.Net;
using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Drivers.Kubernetes.Tests.Support;
using Heal.Simulator;

namespace Heal.Drivers.Kubernetes.Tests;

/// <summary>A field that the server does not know is never dropped in silence.</summary>
public sealed class FieldValidationTests : IAsyncLifetime
{
    private SimulatorServer _server = null!;
    private KubernetesClient _client = null!;

    public async Task InitializeAsync()
    {
        _server = await SimulatorServer.StartAsync(new SimulatorOptions { Objects = [Map()] });
        _client = Some.Factory().Create(new KubernetesClientOptions { Server = new Uri(_server.Url), BreakerMinimumThroughput = 3 });
    }

    public async Task DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
    }

    [Theory]
    [InlineData("create")]
    [InlineData("replace")]
    [InlineData("merge")]
    [InlineData("strategic")]
    [InlineData("json")]
    [InlineData("apply")]
    public async Task A_write_with_a_field_that_the_kind_does_not_have_is_refused_by_its_name(string way)
    {
        var wrong = new JsonObject { ["immutabel"] = true };
        var large = new JsonObject { ["data"] = new JsonObject { ["k"] = new string('x', 5000) }, ["immutabel"] = true };
        var refused = await Assert.ThrowsAsync<KubernetesApiException>(() => way switch
        {
            "create" => _client.CreateAsync(Model("other", wrong)),
            "replace" => _client.ReplaceAsync(Model("m", wrong)),
            "apply" => _client.ApplyAsync(Model("m", wrong), new ApplyOptions { FieldManager = "t" }),
            "json" => PatchAsync(Patch.Json(JsonPatchOperation.Add("/immutabel", true))),
            "strategic" => PatchAsync(Patch.Strategic(wrong)),
            _ => PatchAsync(Patch.Merge(large)),
        });
        Assert.Contains("immutabel", refused.Message, StringComparison.Ordinal);
        Assert.Equal(
            way switch { "create" or "replace" => HttpStatusCode.BadRequest, "apply" => HttpStatusCode.InternalServerError,
                _ => HttpStatusCode.UnprocessableEntity }, refused.StatusCode);
        Assert.Equal("1", (await _client.GetAsync<ConfigMap>("shop", "m")).Data!["k"]);
    }

    [Fact]
    public async Task Such_a_mistake_in_what_is_applied_is_no_failure_of_the_cluster()
    {
        var wrong = Model("m", new JsonObject { ["immutabel"] = true });
        for (var i = 0; i < 5; i++)
        {
            var refused = await Assert.ThrowsAsync<KubernetesApiException>(
                () => _client.ApplyAsync(wrong, new ApplyOptions { FieldManager = "t" }));
            Assert.Contains(".immutabel: field not declared in schema", refused.Message, StringComparison.Ordinal);
        }
    }

    private Task<ConfigMap> PatchAsync(Patch patch) => _client.PatchAsync<ConfigMap>("shop", "m", patch);

    private static ConfigMap Model(string name, JsonObject more)
    {
        var json = Map(name);
        foreach (var (field, value) in more)
            json[field] = value?.DeepClone();
        return KubernetesObject.FromJson<ConfigMap>(json);
    }

    private static JsonObject Map(string name = "m") => JsonNode.Parse(
        $$$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"{{{name}}}","namespace":"shop"},"data":{"k":"1"} }""")!.AsObject();
}
