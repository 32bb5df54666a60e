using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Heal.Drivers.Kubernetes.Configuration;
using Heal.Drivers.Kubernetes.Models;

namespace Heal.Drivers.Kubernetes.Credentials;

/// <summary>
/// An external program that prints credentials (client.authentication.k8s.io ExecCredential), e.g. a cloud's login helper.
/// </summary>
internal sealed class ExecPlugin
{
    public const string V1 = "client.authentication.k8s.io/v1";
    public const string V1Beta1 = "client.authentication.k8s.io/v1beta1";

    /// <summary>Most that is read of each of its two outputs, in characters.</summary>
    private const int MaxOutput = 1 << 20;

    public required string Origin { get; init; }
    public required string ApiVersion { get; init; }
    public required string Command { get; init; }
    public required IReadOnlyList<string> Arguments { get; init; }
    public required IReadOnlyList<ExecVariable> Environment { get; init; }
    public required string? InstallHint { get; init; }
    public required ExecClusterInfo? Cluster { get; init; }
    public required TimeSpan Timeout { get; init; }
    public required string WorkingFolder { get; init; }
    public required TimeProvider Time { get; init; }

    public async Task<ExecCredentialStatus> RunAsync(CancellationToken cancellationToken)
    {
        using var process = Start();
        using var deadline = new CancellationTokenSource(Timeout, Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            var output = ReadAsync(process.StandardOutput, both.Token);
            var errors = ReadAsync(process.StandardError, both.Token);
            await Task.WhenAll(output, errors, process.WaitForExitAsync(both.Token));
            if (process.ExitCode != 0)
                throw new CredentialsException($"{Origin}: '{Command}' ended with code {process.ExitCode}: {Shorten(await errors)}");
            return Parse(await output);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new CredentialsException($"{Origin}: '{Command}' did not end within {Timeout.TotalSeconds:0.#} s.");
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
    }

    private Process Start()
    {
        var start = new ProcessStartInfo(Command)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Directory.Exists(WorkingFolder) ? WorkingFolder : "/",
        };
        foreach (var argument in Arguments)
            start.ArgumentList.Add(argument);
        foreach (var variable in Environment)
            start.Environment[variable.Name] = variable.Value;
        start.Environment["KUBERNETES_EXEC_INFO"] = Input().ToJsonString();
        try
        {
            var process = Process.Start(start)!;
            process.StandardInput.Close();
            return process;
        }
        catch (Win32Exception exception)
        {
            var hint = string.IsNullOrWhiteSpace(InstallHint) ? string.Empty : $" {InstallHint.Trim()}";
            throw new CredentialsException($"{Origin}: exec plugin '{Command}' cannot be started: {exception.Message}.{hint}", exception);
        }
    }

    private JsonObject Input()
    {
        var spec = new JsonObject { ["interactive"] = false };
        if (Cluster is not null)
            spec["cluster"] = JsonSerializer.SerializeToNode(Cluster, KubernetesJson.Options);
        return new JsonObject { ["kind"] = "ExecCredential", ["apiVersion"] = ApiVersion, ["spec"] = spec };
    }

    private ExecCredentialStatus Parse(string output)
    {
        ExecCredential? credential;
        try
        {
            credential = JsonSerializer.Deserialize<ExecCredential>(output, KubernetesJson.Options);
        }
        catch (JsonException)
        {
            // The message would quote the output, which may hold a token.
            throw new CredentialsException($"{Origin}: '{Command}' did not print an ExecCredential (JSON).");
        }

        if (credential?.ApiVersion != ApiVersion)
            throw new CredentialsException(
                $"{Origin}: '{Command}' printed apiVersion '{credential?.ApiVersion}', expected '{ApiVersion}'.");
        var status = credential.Status;
        var hasCertificate = !string.IsNullOrEmpty(status?.ClientCertificateData) && !string.IsNullOrEmpty(status.ClientKeyData);
        if (status is null || (string.IsNullOrWhiteSpace(status.Token) && !hasCertificate))
            throw new CredentialsException($"{Origin}: '{Command}' printed neither status.token nor a client certificate with its key.");
        return status;
    }

    private static async Task<string> ReadAsync(StreamReader reader, CancellationToken cancellationToken)
    {
        var buffer = new char[MaxOutput];
        var length = await reader.ReadBlockAsync(buffer, cancellationToken);
        var text = new string(buffer, 0, length);
        // The rest is read and dropped, so that the program does not block on a full pipe.
        while (length > 0)
            length = await reader.ReadBlockAsync(buffer, cancellationToken);
        return text;
    }

    private static string Shorten(string text) => text.Length <= 500 ? text.Trim() : text[..500].Trim() + " ...";
}

/// <summary>What the program is told about the cluster when it asks for it.</summary>
internal sealed record ExecClusterInfo(
    string? Server,
    [property: JsonPropertyName("tls-server-name")] string? TlsServerName,
    [property: JsonPropertyName("insecure-skip-tls-verify")] bool? InsecureSkipTlsVerify,
    [property: JsonPropertyName("certificate-authority-data")] string? CertificateAuthorityData,
    [property: JsonPropertyName("proxy-url")] string? ProxyUrl);

internal sealed class ExecCredential
{
    public string? ApiVersion { get; init; }
    public ExecCredentialStatus? Status { get; init; }
}

internal sealed class ExecCredentialStatus
{
    public DateTimeOffset? ExpirationTimestamp { get; init; }
    public string? Token { get; init; }
    public string? ClientCertificateData { get; init; }
    public string? ClientKeyData { get; init; }
}
