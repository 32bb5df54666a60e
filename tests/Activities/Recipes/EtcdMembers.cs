using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace Heal.Activities.Tests;

/// <summary>Three members of an etcd that does not exist, over HTTP: the part of its JSON gateway that tells and shrinks files.</summary>
internal sealed class EtcdMembers : IAsyncDisposable
{
    private readonly (int Defragmented, string? Fault)[] _members = new (int, string?)[3];
    private WebApplication? _app;

    public EtcdOptions Options { get; } = new();

    /// <summary>The members in the order in which they were defragmented.</summary>
    public List<int> Order { get; } = [];

    /// <summary>How many members the cluster says that it has.</summary>
    public int Known { get; set; } = 3;

    public async Task StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        _app.Run(HandleAsync);
        await _app.StartAsync();
        for (var i = 0; i < _members.Length; i++)
        {
            Options.Endpoints.Add(new Uri(string.Create(CultureInfo.InvariantCulture, $"{_app.Urls.First()}/{i}")));
        }
    }

    public void Reset()
    {
        Array.Clear(_members);
        Order.Clear();
        Known = 3;
    }

    public void Hurt(int member, string fault) => _members[member].Fault = fault;

    public int Defragmented(int member) => _members[member].Defragmented;

    public async ValueTask DisposeAsync()
    {
        if (_app is not null) await _app.DisposeAsync();
    }

    private Task HandleAsync(HttpContext http)
    {
        var parts = http.Request.Path.Value!.Split('/', StringSplitOptions.RemoveEmptyEntries);
        var i = int.Parse(parts[0], CultureInfo.InvariantCulture);
        JsonNode answer = new JsonObject();
        switch (string.Join('/', parts[1..]))
        {
            case "v3/maintenance/status":
                var status = new JsonObject
                {
                    ["header"] = new JsonObject { ["member_id"] = $"{i + 10}" }, ["leader"] = "10",
                    ["dbSize"] = $"{(_members[i].Defragmented > 0 ? 120L << 20 : 800L << 20)}", ["dbSizeInUse"] = $"{100L << 20}",
                };
                if (_members[i].Fault is { } fault) status["errors"] = new JsonArray(fault);
                answer = status;
                break;
            case "v3/cluster/member/list":
                var members = Enumerable.Range(0, Known).Select(_ => (JsonNode)new JsonObject());
                answer = new JsonObject { ["members"] = new JsonArray([.. members]) };
                break;
            case "v3/maintenance/defragment":
                _members[i].Defragmented++;
                Order.Add(i);
                break;
            default:
                http.Response.StatusCode = 404;
                break;
        }

        return http.Response.WriteAsync(answer.ToJsonString());
    }
}
