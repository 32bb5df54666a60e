using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json.Nodes;

namespace Heal.Activities.Tests;

/// <summary>Debian's Alertmanager as a process of one test, with alerts of the test's choice, asked by its own API.</summary>
internal sealed class RealAlertmanager : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly string _folder = Directory.CreateTempSubdirectory("heal-alertmanager-").FullName;
    private readonly HttpClient _http;
    private readonly Process _process;
    private readonly Task<string> _words;

    private RealAlertmanager()
    {
        var config = Path.Combine(_folder, "alertmanager.yml");
        File.WriteAllText(config, "route: { receiver: nobody }\nreceivers: [ { name: nobody } ]\n");
        using (var free = new TcpListener(IPAddress.Loopback, 0))
        {
            free.Start();
            Url = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{((IPEndPoint)free.LocalEndpoint).Port}"));
        }

        _http = new HttpClient { BaseAddress = Url };
        _process = Process.Start(new ProcessStartInfo("prometheus-alertmanager",
        [
            $"--config.file={config}", $"--storage.path={_folder}", $"--web.listen-address={Url.Authority}", "--cluster.listen-address=",
        ]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
        _process.OutputDataReceived += static (_, _) => { };
        _process.BeginOutputReadLine();
        _words = _process.StandardError.ReadToEndAsync();
    }

    public Uri Url { get; }

    public static async Task<RealAlertmanager> StartAsync()
    {
        var started = new RealAlertmanager();
        using var limit = new CancellationTokenSource(Patience);
        while (!await started.IsReadyAsync(limit.Token)) await Task.Delay(50, limit.Token);
        return started;
    }

    /// <summary>Makes alerts of one name fire in a namespace, one of each pod.</summary>
    public async Task FireAsync(string name, string ns, int count)
    {
        var alerts = new JsonArray([.. Enumerable.Range(0, count).Select(number => (JsonNode)new JsonObject
        {
            ["labels"] = new JsonObject
            {
                ["alertname"] = name, ["namespace"] = ns, ["pod"] = string.Create(CultureInfo.InvariantCulture, $"web-{number}"),
            },
        })]);
        using var answer = await _http.PostAsJsonAsync("api/v2/alerts", alerts);
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>How many alerts it would tell people of, and how many it keeps to itself.</summary>
    public async Task<(int Active, int Suppressed)> AlertsAsync()
    {
        var alerts = (await _http.GetFromJsonAsync<JsonArray>("api/v2/alerts"))!;
        return (Count("active"), Count("suppressed"));

        int Count(string state) => alerts.Count(alert => alert.Text("status", "state") == state);
    }

    /// <summary>How many silences it has, in force and over.</summary>
    public async Task<(int Active, int Expired)> SilencesAsync()
    {
        var silences = (await _http.GetFromJsonAsync<JsonArray>("api/v2/silences"))!;
        return (Count("active"), Count("expired"));

        int Count(string state) => silences.Count(silence => silence.Text("status", "state") == state);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _http.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task<bool> IsReadyAsync(CancellationToken cancellationToken)
    {
        if (_process.HasExited) throw new InvalidOperationException($"Alertmanager ended at once: {await _words}");
        try
        {
            using var answer = await _http.GetAsync("-/ready", cancellationToken);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
