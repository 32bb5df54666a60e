using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace Heal.Activities.Tests;

/// <summary>What its operators do with the storage of a control plane, by the JSON gateway of etcd.</summary>
internal sealed class PrivateEtcd(Uri address) : IDisposable
{
    // A name that the API server has no use for.
    private static readonly string Litter = Convert.ToBase64String("litter"u8);

    private readonly HttpClient _http = new() { BaseAddress = address };

    /// <summary>Bytes of its file.</summary>
    public async Task<long> SizeAsync() =>
        long.Parse((await StatusAsync()).Scalar("dbSize")!, CultureInfo.InvariantCulture);

    /// <summary>Forgets all earlier versions of everything.</summary>
    public async Task CompactAsync()
    {
        var revision = (await StatusAsync()).Scalar("header", "revision")!;
        // When nothing was written since the last time, there is nothing to forget.
        await PostAsync(
            "kv/compaction", new JsonObject { ["revision"] = revision, ["physical"] = true }, "required revision has been compacted");
    }

    /// <summary>Writes until it takes no more: from then on it can be read, and things can be deleted.</summary>
    public async Task FillAsync()
    {
        const int Most = 400;
        const string Full = "database space exceeded";
        var value = Convert.ToBase64String(new byte[1 << 20]);
        for (var i = 0; i < Most; i++)
        {
            var answer = await PostAsync("kv/put", new JsonObject { ["key"] = Litter, ["value"] = value }, Full);
            if (answer.Text("error")?.Contains(Full, StringComparison.Ordinal) == true) return;
        }

        throw new InvalidOperationException($"{Most} megabytes have been written, and it still takes more");
    }

    /// <summary>Makes its file as small as what is in it, and lets it be written to again.</summary>
    public async Task MakeRoomAsync()
    {
        await PostAsync("kv/deleterange", new JsonObject { ["key"] = Litter });
        await CompactAsync();
        await PostAsync("maintenance/defragment", []);
        var member = (await StatusAsync()).Scalar("header", "member_id")!;
        await PostAsync("maintenance/alarm", new JsonObject { ["action"] = "DEACTIVATE", ["memberID"] = member, ["alarm"] = "NOSPACE" });
    }

    public void Dispose() => _http.Dispose();

    private Task<JsonNode?> StatusAsync() => PostAsync("maintenance/status", []);

    private async Task<JsonNode?> PostAsync(string path, JsonObject body, string? orSays = null)
    {
        using var answer = await _http.PostAsJsonAsync(new Uri($"/v3/{path}", UriKind.Relative), body);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode || (orSays is not null && text.Contains(orSays, StringComparison.Ordinal)), text);
        return JsonNode.Parse(text);
    }
}
