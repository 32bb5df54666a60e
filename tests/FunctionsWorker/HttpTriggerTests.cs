using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Heal.FunctionsWorker.Tests.Support;

namespace Heal.FunctionsWorker.Tests;

public sealed class HttpTriggerTests : IAsyncLifetime
{
    private TestHost _host = null!;

    public async Task InitializeAsync() => _host = await TestHost.StartAsync();

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Fact]
    public async Task HttpRequestData_gives_query_and_body_and_HttpResponseData_gives_status_headers_and_body()
    {
        HttpResponseMessage response = await _host.SendAsync(HttpMethod.Post, "/api/Echo?say=hi", body: new StringContent("the body"));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("hi|the body", await response.Content.ReadAsStringAsync());
        Assert.Equal("POST", response.Headers.GetValues("x-method").Single());
    }

    [Fact]
    public async Task Headers_of_the_connection_that_a_function_sets_are_left_to_the_web_server()
    {
        HttpResponseMessage response = await _host.GetAsync("/api/HandOn");
        Assert.Equal("handed on", await response.Content.ReadAsStringAsync());
        Assert.Equal("kept", response.Headers.GetValues("x-kept").Single());
        Assert.False(response.Headers.ConnectionClose ?? false);
        Assert.False(response.Headers.Contains("Keep-Alive") || response.Headers.Contains("Upgrade"));
    }

    [Fact]
    public async Task A_route_value_is_bound_by_name_and_an_IActionResult_is_sent()
    {
        JsonObject json = await TestHost.JsonAsync(await _host.GetAsync("/api/orders/42"));
        Assert.Equal(42, (int)json["id"]!);
        Assert.Equal("OrderById", (string)json["function"]!);
        Assert.True(Guid.TryParse((string)json["invocationId"]!, out _));
    }

    [Fact]
    public async Task A_route_constraint_that_does_not_hold_is_404()
    {
        HttpResponseMessage response = await _host.GetAsync("/api/orders/forty-two");
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
    }

    [Fact]
    public async Task FromBody_reads_JSON_and_an_IResult_is_sent()
    {
        HttpResponseMessage response = await _host.SendAsync(HttpMethod.Put, "/api/orders",
            body: JsonContent.Create(new { number = 7, item = "nut" }));
        Assert.Equal("""{"number":7,"item":"nut"}""", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_trigger_parameter_of_a_class_is_the_body_and_a_returned_object_is_JSON()
    {
        HttpResponseMessage response = await _host.SendAsync(HttpMethod.Post, "/api/orders",
            body: JsonContent.Create(new { number = 8, item = "bolt" }));
        Assert.Equal("""{"number":8,"item":"bolt"}""", await response.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("PUT", "{ broken")]
    [InlineData("PUT", "null")]
    [InlineData("POST", """{ "number": "many" }""")]
    public async Task A_bad_body_is_400_and_says_what_was_expected(string method, string body)
    {
        HttpResponseMessage response = await _host.SendAsync(
            new HttpMethod(method), "/api/orders", body: new StringContent(body, Encoding.UTF8, "application/json"));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains("Order", (string)(await TestHost.JsonAsync(response))["detail"]!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/api/Text?name=Ada", "GET Ada True")]
    [InlineData("/api/Text", "GET nobody True")]
    public async Task A_query_value_is_bound_by_name_and_text_is_sent_as_text(string path, string expected) =>
        Assert.Equal(expected, await _host.GetTextAsync(path));

    [Fact]
    public async Task A_function_without_a_result_is_204() =>
        Assert.Equal(HttpStatusCode.NoContent, (await _host.GetAsync("/api/Nothing")).StatusCode);

    [Fact]
    public async Task A_method_that_the_function_does_not_take_is_405()
    {
        HttpResponseMessage response = await _host.SendAsync(HttpMethod.Delete, "/api/Echo");
        Assert.Equal(HttpStatusCode.MethodNotAllowed, response.StatusCode);
    }

    [Fact]
    public async Task A_path_of_no_function_is_404()
    {
        HttpResponseMessage response = await _host.GetAsync("/api/NoSuchThing");
        Assert.Equal(404, (int)(await TestHost.JsonAsync(response))["status"]!);
    }

    [Fact]
    public async Task Each_request_has_a_scope_of_its_own()
    {
        Assert.Equal("GET 1", await _host.GetTextAsync("/api/Scoped"));
        Assert.Equal("GET 1", await _host.GetTextAsync("/api/Scoped"));
    }
}
