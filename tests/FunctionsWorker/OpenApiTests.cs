using System.Net;
using Heal.FunctionsWorker.Tests.Support;
using Microsoft.Azure.Functions.Worker.Hosting;
using Microsoft.OpenApi;
using Microsoft.OpenApi.Reader;

namespace Heal.FunctionsWorker.Tests;

public sealed class OpenApiTests
{
    private const string Path = "/api/openapi/v3.json";

    [Fact]
    public async Task The_document_is_valid_and_lists_every_HTTP_function_with_its_methods()
    {
        await using TestHost host = await TestHost.StartAsync();
        OpenApiDocument document = await ReadAsync(host);
        string[] listed = [.. document.Paths.Values
            .SelectMany(static p => p.Operations!)
            .SelectMany(static o => o.Value.Tags!.Select(t => $"{t.Name} {o.Key.Method}"))
            .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        const string every = "GET,POST,PUT,PATCH,DELETE,HEAD,OPTIONS";
        string[] expected = [.. host.Get<HostPlan>().Routes
            .SelectMany(static r => (r.Methods == "*" ? every : r.Methods).Split(',').Select(m => $"{r.Function.Name} {m}"))
            .Order(StringComparer.Ordinal)];
        Assert.NotEmpty(expected);
        Assert.Equal(expected, listed);
    }

    [Fact]
    public async Task Parameters_have_the_types_and_limits_of_route_and_method_and_an_optional_one_makes_two_paths()
    {
        await using TestHost host = await TestHost.StartAsync();
        OpenApiDocument document = await ReadAsync(host);
        OpenApiOperation operation = document.Paths["/api/files/{area}/{page}/{file}"].Operations![HttpMethod.Get];
        string[] parameters = [.. operation.Parameters!.Select(static p => $"{p.In} {p.Name} {p.Required}")];
        Assert.Equal(
            ["Path area True", "Path page True", "Path file True", "Query deep True", "Query most False"], parameters);
        IOpenApiSchema area = operation.Parameters![0].Schema!;
        Assert.Equal(("^[A-Za-z]*$", 2, 8), (area.Pattern, area.MinLength, area.MaxLength));
        IOpenApiSchema page = operation.Parameters[1].Schema!;
        Assert.Equal(("1", "99"), (page.Minimum, page.Maximum));
        Assert.True(page.Type!.Value.HasFlag(JsonSchemaType.Integer));
        Assert.True(document.Paths.ContainsKey("/api/files/{area}/{page}"));
    }

    [Fact]
    public async Task Bodies_answers_and_keys_are_described()
    {
        await using TestHost host = await TestHost.StartAsync();
        OpenApiDocument document = await ReadAsync(host);
        OpenApiOperation put = document.Paths["/api/orders"].Operations![HttpMethod.Put];
        IOpenApiSchema order = put.RequestBody!.Content!["application/json"].Schema!;
        Assert.Equal(["number", "item"], order.Properties!.Keys);
        Assert.Null(put.Security);

        OpenApiOperation file = document.Paths["/api/files/{area}/{page}/{file}"].Operations![HttpMethod.Get];
        IOpenApiSchema node = file.Responses!["200"].Content!["application/json"].Schema!;
        Assert.Equal(["name", "next"], node.Properties!["next"].Properties!.Keys);
        string[] schemes = [.. file.Security!.SelectMany(static s => s.Keys).Select(static k => $"{k.In} {k.Name}")];
        Assert.Equal(["Header x-functions-key", "Query code"], schemes);
        Assert.Contains("401", file.Responses.Keys);
        Assert.Equal("text/plain", document.Paths["/api/Text"].Operations![HttpMethod.Get].Responses!["200"].Content!.Keys.Single());
        Assert.Contains("204", document.Paths["/api/Nothing"].Operations![HttpMethod.Get].Responses!.Keys);
    }

    [Theory]
    [InlineData(null, null, HttpStatusCode.Unauthorized)]
    [InlineData(null, TestHost.HostKey, HttpStatusCode.Unauthorized)]
    [InlineData("anonymous", null, HttpStatusCode.OK)]
    [InlineData("off", TestHost.Master, HttpStatusCode.NotFound)]
    public async Task Who_may_read_it_is_a_setting_and_the_master_key_is_needed_by_default(
        string? setting, string? key, HttpStatusCode status)
    {
        await using TestHost host = await TestHost.StartAsync(
            settings: new(StringComparer.Ordinal) { ["FUNCTIONS_OPENAPI"] = setting ?? "" });
        Assert.Equal(status, (await host.GetAsync(Path, key)).StatusCode);
    }

    private static async Task<OpenApiDocument> ReadAsync(TestHost host)
    {
        string text = await (await host.GetAsync(Path, TestHost.Master)).Content.ReadAsStringAsync();
        ReadResult result = OpenApiDocument.Parse(text, "json");
        Assert.Empty(result.Diagnostic!.Errors);
        return result.Document!;
    }
}
