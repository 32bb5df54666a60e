using System.Net;

namespace Heal.Cli;

/// <summary>One request to the healer.</summary>
/// <param name="Path">From the root, escaped: see <see cref="PathOf"/>.</param>
internal sealed record ApiRequest(HttpMethod Method, string Path)
{
    public ReadOnlyMemory<byte>? Body { get; init; }

    /// <summary>Answers that are no fault, beside those of success.</summary>
    public HttpStatusCode[] AlsoFine { get; init; } = [];

    /// <summary>What to do when it is refused.</summary>
    public string? Next { get; init; }

    /// <summary>/api/vms/web-1/start of "api", "vms", "web-1", "start". A part cannot become several.</summary>
    /// <exception cref="HealException">A part would be another path.</exception>
    public static string PathOf(params string[] parts) => string.Concat(parts.Select(part => part is "" or "." or ".."
        ? throw HealException.Usage($"'{part}' cannot be an id or a name", "See the list verb for what there is.")
        : "/" + Uri.EscapeDataString(part)));
}

/// <param name="Body">Nothing when the answer had none.</param>
internal sealed record ApiAnswer(HttpStatusCode Status, Part Body);
