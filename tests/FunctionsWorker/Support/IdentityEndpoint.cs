using System.Buffers.Text;
using System.Text.Json;

namespace Heal.FunctionsWorker.Tests.Support;

/// <summary>What gives an application in Azure App Service the tokens of its identity: an endpoint on its own machine.</summary>
internal sealed class IdentityEndpoint : IAsyncDisposable
{
    public const string Storage = "https://storage.azure.com";
    private const string Path = "/msi/token";

    private readonly ScriptedServer _server;

    private IdentityEndpoint(ScriptedServer server) => _server = server;

    public string Header { get; } = Guid.NewGuid().ToString();

    public int Port => new Uri(_server.Root).Port;

    /// <summary>For each request that has the secret header and asks in the known form, its client_id, or "-".</summary>
    public IReadOnlyList<string> Asked =>
    [
        .. _server.Requests
            .Where(r => r.Headers.GetValueOrDefault("X-IDENTITY-HEADER") == Header)
            .Select(static r => Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery(new Uri("http://here" + r.Path).Query))
            .Where(static q => q.GetValueOrDefault("api-version") == "2019-08-01"
                && q.GetValueOrDefault("resource").ToString().TrimEnd('/') == Storage)
            .Select(static q => q.TryGetValue("client_id", out var id) ? id.ToString() : "-"),
    ];

    public static async Task<IdentityEndpoint> StartAsync() => new(await ScriptedServer.StartAsync());

    /// <summary>The variables of a process in App Service.</summary>
    /// <param name="port">Where the process finds the endpoint; null: at its own port.</param>
    public Dictionary<string, string> Environment(int? port = null) => new(StringComparer.Ordinal)
    {
        ["IDENTITY_ENDPOINT"] = $"http://127.0.0.1:{port ?? Port}{Path}",
        ["IDENTITY_HEADER"] = Header,
    };

    public void Gives(string audience = Storage)
    {
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        long until = now.AddHours(8).ToUnixTimeSeconds();
        string claims = JsonSerializer.Serialize(new
        {
            aud = audience,
            iss = "https://sts.windows.net/7f9619ff-8b86-d011-b42d-00c04fc964ff/",
            iat = now.AddMinutes(-5).ToUnixTimeSeconds(),
            nbf = now.AddMinutes(-5).ToUnixTimeSeconds(),
            exp = until,
        });
        string token = $"{Encoded("""{"alg":"RS256","typ":"JWT"}""")}.{Encoded(claims)}.{Encoded("unsigned")}";
        _server.On(Path, ScriptedServer.Say(
            200,
            JsonSerializer.Serialize(new { access_token = token, expires_on = $"{until}", resource = audience, token_type = "Bearer" }),
            "Content-Type: application/json"));
    }

    public void Denies() => _server.On(Path, ScriptedServer.Say(
        403, """{"statusCode":403,"message":"No identity is assigned to this app."}""", "Content-Type: application/json"));

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private static string Encoded(string text) => Base64Url.EncodeToString(System.Text.Encoding.UTF8.GetBytes(text));
}
