using System.Globalization;
using System.Net.Http.Json;
using System.Reflection;
using System.Text;
using System.Text.Json.Nodes;

namespace Heal.Samples.Tests;

/// <summary>One of the sample apps, or another app, running on a database of its own.</summary>
internal sealed class SampleApp : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan PollEvery = TimeSpan.FromMilliseconds(50);

    private static readonly CompositeFormat Assemblies = CompositeFormat.Parse(typeof(SampleApp).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == "Samples").Value!);

    private readonly AppDatabase _database;
    private readonly AppProcess _process;
    private readonly string _state;

    private SampleApp(AppDatabase database, AppProcess process, string state)
    {
        _database = database;
        _process = process;
        _state = state;
    }

    public AppProcess Process => _process;

    public static string AssemblyOf(string name) => string.Format(CultureInfo.InvariantCulture, Assemblies, name);

    public static Task<SampleApp> StartAsync(string name) => StartProgramAsync(AssemblyOf(name));

    public static async Task<SampleApp> StartProgramAsync(string assembly)
    {
        AppDatabase database = await AppDatabase.CreateAsync();
        string state = Directory.CreateTempSubdirectory("sample-").FullName;
        var process = new AppProcess(
            assembly,
            new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["DURABLE_POSTGRES"] = database.ConnectionString,
                ["HEAL_STATE"] = state,
            });
        var app = new SampleApp(database, process, state);
        try
        {
            await process.StartAsync();
            return app;
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
    }

    public async Task<JsonObject> PostAsync(string path, object? body = null)
    {
        using HttpResponseMessage answer = await _process.Http.PostAsJsonAsync(new Uri(path, UriKind.RelativeOrAbsolute), body);
        return await JsonAsync(answer);
    }

    public async Task<JsonObject> GetAsync(string path)
    {
        using HttpResponseMessage answer = await _process.Http.GetAsync(new Uri(path, UriKind.RelativeOrAbsolute));
        return await JsonAsync(answer);
    }

    /// <summary>Asks until the answer is as wanted: that is what an app over HTTP offers.</summary>
    public async Task<JsonObject> GetUntilAsync(string path, Func<JsonObject, bool> isWanted)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (true)
        {
            JsonObject answer = await GetAsync(path);
            if (isWanted(answer))
            {
                return answer;
            }

            if (limit.IsCancellationRequested)
            {
                throw new TimeoutException($"Not within {Limit}; the last answer: {answer.ToJsonString()}\n{_process.Log}");
            }

            await Task.Delay(PollEvery, CancellationToken.None);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        await _database.DisposeAsync();
        Directory.Delete(_state, recursive: true);
    }

    private async Task<JsonObject> JsonAsync(HttpResponseMessage answer)
    {
        string text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, $"{(int)answer.StatusCode} {text}\n{_process.Log}");
        return text.Length == 0 ? [] : JsonNode.Parse(text)!.AsObject();
    }
}
