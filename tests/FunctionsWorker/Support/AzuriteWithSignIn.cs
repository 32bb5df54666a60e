using System.Diagnostics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;
using Azure.Core.Pipeline;
using Azure.Storage.Queues;

namespace Heal.FunctionsWorker.Tests.Support;

/// <summary>
/// A queue service of its own that takes tokens: Azurite with <c>--oauth basic</c>, over HTTPS, with a certificate that is trusted by who
/// has <see cref="CertificatePath"/> in SSL_CERT_FILE. It looks at a token's issuer, audience and times, not at its signature.
/// </summary>
public sealed partial class AzuriteWithSignIn : IAsyncLifetime
{
    private const string Account = "devstoreaccount1";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly string _folder = Directory.CreateTempSubdirectory("azurite-").FullName;
    private readonly string _key = Convert.ToBase64String(RandomNumberGenerator.GetBytes(64));
    private readonly X509Certificate2 _certificate = LoopbackCertificate.Make();
    private HttpClient? _http;
    private Process? _process;

    public string CertificatePath => Path.Combine(_folder, "certificate.pem");

    /// <summary>The address of the account's queues.</summary>
    public string ServiceUri { get; private set; } = "";

    public async Task InitializeAsync()
    {
        string key = Path.Combine(_folder, "key.pem");
        await File.WriteAllTextAsync(CertificatePath, _certificate.ExportCertificatePem());
        await File.WriteAllTextAsync(key, _certificate.GetRSAPrivateKey()!.ExportPkcs8PrivateKeyPem());
        string program = Path.Combine(
            TestServices.Required(TestServices.AzuriteHome), "node_modules", "azurite", "dist", "src", "queue", "main.js");
        var start = new ProcessStartInfo(
            "node",
            [
                program, "--oauth", "basic", "--cert", CertificatePath, "--key", key, "--silent", "--disableTelemetry",
                "--inMemoryPersistence", "--queueHost", "127.0.0.1", "--queuePort", "0",
            ])
        {
            WorkingDirectory = _folder,
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["AZURITE_ACCOUNTS"] = $"{Account}:{_key}" },
        };
        _process = Process.Start(start)!;
        using var limit = new CancellationTokenSource(Limit);
        var said = new List<string>();
        while (await _process.StandardOutput.ReadLineAsync(limit.Token) is { } line)
        {
            said.Add(line);
            if (Listening().Match(line) is { Success: true } address)
            {
                ServiceUri = $"{address.Value}/{Account}";
                _http = new HttpClient(LoopbackCertificate.Trusting(_certificate));
                return;
            }
        }

        throw new InvalidOperationException($"Azurite ended before it listened: {string.Join(' ', said)} "
            + await _process.StandardError.ReadToEndAsync(limit.Token));
    }

    /// <summary>A queue for the test itself, by the account's key.</summary>
    public QueueClient Queue(string name) => new(
        $"DefaultEndpointsProtocol=https;AccountName={Account};AccountKey={_key};QueueEndpoint={ServiceUri};",
        name,
        new QueueClientOptions { Transport = new HttpClientTransport(_http!) });

    public async Task DisposeAsync()
    {
        _process?.Kill();
        await (_process?.WaitForExitAsync() ?? Task.CompletedTask);
        _process?.Dispose();
        _http?.Dispose();
        _certificate.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [GeneratedRegex("(?<=listens on )https://127.0.0.1:[0-9]+")]
    private static partial Regex Listening();
}
