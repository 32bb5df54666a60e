using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;

namespace Heal.Drivers.Kubernetes.Credentials;

/// <summary>
/// Says what is visibly wrong with a credential that was not accepted: which has expired, and when. Verifies nothing, and never says more
/// of a token than its dates and whose it is.
/// </summary>
internal static class CredentialDiagnosis
{
    private const int MaxSubject = 300;

    // A date in a header has whole seconds, and an answer may be under way for some more.
    private static readonly TimeSpan AgreeingClocks = TimeSpan.FromMinutes(1);

    public static CredentialFault? Find(ClusterCredential credential, DateTimeOffset now)
    {
        if (credential.Certificate is { } certificate && Certificate(certificate, now) is { } fault)
            return fault;
        return credential.Token is { } token ? Token(token, now) : null;
    }

    /// <summary>What kind of credential was sent, for a refusal whose reason is not visible here.</summary>
    public static string Name(ClusterCredential credential) => (credential.Certificate, credential.Token) switch
    {
        (null, null) => "no credentials",
        (not null, null) => $"client certificate '{credential.Certificate.Subject}', valid until {Text(Until(credential.Certificate))}",
        (null, not null) => Whose(credential.Token),
        _ => $"client certificate '{credential.Certificate.Subject}' and a bearer token",
    };

    /// <summary>
    /// Says so when the server's clock and ours are more than a minute apart: a credential may be in force by one of them only. Null when
    /// they agree.
    /// </summary>
    public static string? ClocksDiffer(DateTimeOffset server, DateTimeOffset now) => (server - now).Duration() <= AgreeingClocks
        ? null
        : $"The server's clock says {Text(server)}, this machine's {Text(now)}: set the one right that is wrong.";

    public static string Text(DateTimeOffset time) => time.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    // A service account that was deleted, or deleted and made anew, leaves tokens behind that look well.
    private static string Whose(string token) => Claims(token) is { } claims && claims.TryGetProperty("sub", out var subject)
        && subject.ValueKind == JsonValueKind.String && subject.GetString() is { Length: > 0 and <= MaxSubject } name
        && !name.Any(char.IsControl)
            ? $"a bearer token of '{name}'; if that account was deleted, it needs a new token"
            : "a bearer token";

    private static CredentialFault? Certificate(X509Certificate2 certificate, DateTimeOffset now)
    {
        var until = Until(certificate);
        if (until < now)
            return new CredentialFault(
                $"client certificate '{certificate.Subject}' expired at {Text(until)}", until, IsExpired: true);
        var from = new DateTimeOffset(certificate.NotBefore.ToUniversalTime());
        return from > now
            ? new CredentialFault(
                $"client certificate '{certificate.Subject}' is valid from {Text(from)} only, and this machine's clock says {Text(now)}",
                from, IsExpired: false)
            : null;
    }

    private static CredentialFault? Token(string token, DateTimeOffset now)
    {
        if (Claims(token) is not { } claims)
            return null;
        if (Time(claims, "exp") is { } until && until < now)
            return new CredentialFault($"bearer token expired at {Text(until)}", until, IsExpired: true);
        return Time(claims, "nbf") is { } from && from > now
            ? new CredentialFault(
                $"bearer token is valid from {Text(from)} only, and this machine's clock says {Text(now)}", from, IsExpired: false)
            : null;
    }

    private static DateTimeOffset Until(X509Certificate2 certificate) => new(certificate.NotAfter.ToUniversalTime());

    // A token need not be a JWT; one that is not says nothing.
    private static JsonElement? Claims(string token)
    {
        var parts = token.Split('.');
        if (parts.Length != 3)
            return null;
        try
        {
            var text = parts[1].Replace('-', '+').Replace('_', '/');
            var bytes = Convert.FromBase64String(text.PadRight((text.Length + 3) / 4 * 4, '='));
            using var document = JsonDocument.Parse(Encoding.UTF8.GetString(bytes));
            return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : null;
        }
        catch (Exception exception) when (exception is FormatException or JsonException)
        {
            return null;
        }
    }

    private static DateTimeOffset? Time(JsonElement claims, string name) =>
        claims.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var seconds)
        && seconds is > 0 and < 253402300799
            ? DateTimeOffset.FromUnixTimeSeconds((long)seconds)
            : null;
}

/// <summary>What is visibly wrong with a credential.</summary>
internal sealed record CredentialFault(string Text, DateTimeOffset At, bool IsExpired);
