using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace Heal.Simulator.Tests;

/// <summary>Fields that a kind does not have, and fields that stand twice.</summary>
public sealed class FieldValidationTests
{
    private const string Maps = "/api/v1/namespaces/default/configmaps";
    private const string Deployments = "/apis/apps/v1/namespaces/default/deployments";
    private const string Merge = "application/merge-patch+json";
    private const string Web = """
        {"metadata":{"name":"web","lable":"x"},"spec":{"replicas":0,"replicas":1,"selector":{"matchLabels":{"app":"web"}},
          "template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"app","image":"nginx","imagePolicy":"Never"}]}}}}
        """;

    private static readonly string[] Faults =
    [
        "unknown field \"metadata.lable\"", "unknown field \"spec.template.spec.containers[0].imagePolicy\"",
        "duplicate field \"spec.replicas\"",
    ];

    [Fact]
    public async Task Strict_refuses_a_whole_object_and_names_every_field()
    {
        await using var cluster = await Cluster.StartAsync();
        var (code, status) = await cluster.SendAsync("POST", $"{Deployments}?fieldValidation=Strict", Web);
        Assert.Equal((400, "BadRequest"), (code, (string?)status!["reason"]));
        Assert.EndsWith($"strict decoding error: {string.Join(", ", Faults)}", (string?)status["message"], StringComparison.Ordinal);
        Assert.Equal(404, (await cluster.SendAsync("GET", $"{Deployments}/web")).Code);
    }

    [Theory]
    [InlineData("", 3)]
    [InlineData("?fieldValidation=Warn", 3)]
    [InlineData("?fieldValidation=Ignore", 0)]
    public async Task Else_they_are_dropped_and_the_last_of_two_counts_with_or_without_warnings(string query, int warnings)
    {
        await using var cluster = await Cluster.StartAsync();
        using var request = new StringContent(Web, Encoding.UTF8, MediaTypeHeaderValue.Parse("application/json"));
        using var answer = await cluster.Http.PostAsync(Deployments + query, request);
        Assert.True(answer.IsSuccessStatusCode);
        var told = answer.Headers.TryGetValues("Warning", out var values) ? values.ToList() : [];
        Assert.Equal(
            Faults.Take(warnings).Select(f => $"299 - \"{f.Replace("\"", "\\\"", StringComparison.Ordinal)}\""), told);
        var made = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
        Assert.Equal(1, (int)made["spec"]!["replicas"]!);
        Assert.Null(made["metadata"]!["lable"]);
        Assert.Null(made["spec"]!["template"]!["spec"]!["containers"]![0]!["imagePolicy"]);
    }

    [Theory]
    [InlineData(Merge, """{"immutabel":true}""")]
    [InlineData("application/strategic-merge-patch+json", """{"immutabel":true}""")]
    [InlineData("application/json-patch+json", """[{"op":"add","path":"/immutabel","value":true}]""")]
    public async Task Strict_refuses_a_patch_by_what_it_makes_of_the_object(string type, string patch)
    {
        await using var cluster = await Cluster.StartAsync();
        await cluster.OkAsync("POST", Maps, """{"metadata":{"name":"m"},"data":{"k":"1"}}""");
        var (code, status) = await cluster.SendAsync("PATCH", $"{Maps}/m?fieldValidation=Strict", patch, type);
        Assert.Equal((422, "Invalid"), (code, (string?)status!["reason"]));
        Assert.Equal("patch", (string?)status["details"]!["causes"]![0]!["field"]);
        Assert.EndsWith("strict decoding error: unknown field \"immutabel\"", (string?)status["message"], StringComparison.Ordinal);
        Assert.Null((await cluster.OkAsync("PATCH", $"{Maps}/m", patch, type))["immutabel"]);
    }

    [Fact]
    public async Task What_the_kind_does_not_have_cannot_be_applied_and_another_word_than_the_three_is_refused()
    {
        await using var cluster = await Cluster.StartAsync();
        var (code, status) = await cluster.SendAsync(
            "PATCH", $"{Maps}/m?fieldManager=t", """{"apiVersion":"v1","kind":"ConfigMap","immutabel":true}""",
            "application/apply-patch+yaml");
        Assert.Equal(500, code);
        Assert.EndsWith(".immutabel: field not declared in schema", (string?)status!["message"], StringComparison.Ordinal);

        (code, status) = await cluster.SendAsync("POST", $"{Maps}?fieldValidation=Please", """{"metadata":{"name":"m"}}""");
        Assert.Equal(422, code);
        Assert.Contains("supported values: \"\", \"Ignore\", \"Strict\", \"Warn\"", (string?)status!["message"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_has_no_schema_here_is_taken_as_it_is()
    {
        await using var cluster = await Cluster.StartAsync();
        var made = await cluster.OkAsync(
            "POST", "/apis/cert-manager.io/v1/namespaces/default/issuers?fieldValidation=Strict",
            """{"metadata":{"name":"i"},"spec":{"anything":1},"more":2}""");
        Assert.Equal(1, (int)made["spec"]!["anything"]!);
    }
}
