using System.Text.Json.Serialization;

namespace Microsoft.Azure.Functions.Worker.Extensions.DurableTask;

/// <summary>Where the bearer token of a durable HTTP call comes from. It is asked each time that a request is sent.</summary>
public abstract class TokenSource
{
    private protected TokenSource(string resource)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(resource);
        Resource = resource;
    }

    /// <summary>What the token is for: a resource, or a scope such as <c>https://management.core.windows.net/.default</c>.</summary>
    [JsonPropertyName("resource")]
    public string Resource { get; }
}

/// <summary>Tokens of the identity that the host runs under in Azure; elsewhere of whoever signed in there (Azure CLI and so on).</summary>
/// <param name="resource">What the token is for. The two well-known resources of Azure's management and of Microsoft Graph are given
/// their scope <c>/.default</c>.</param>
/// <param name="options">Another authority or tenant than the default.</param>
public class ManagedIdentityTokenSource(string resource, ManagedIdentityOptions? options = null) : TokenSource(ScopeOf(resource))
{
    private static readonly string[] WellKnown = ["https://management.core.windows.net", "https://graph.microsoft.com"];

    [JsonPropertyName("options")]
    public ManagedIdentityOptions? Options { get; } = options;

    private static string ScopeOf(string resource) =>
        WellKnown.Contains(resource?.TrimEnd('/'), StringComparer.Ordinal) ? $"{resource!.TrimEnd('/')}/.default" : resource!;
}

/// <summary>Whom to ask for the token.</summary>
/// <param name="authorityHost">The host of the authority. Default: https://login.microsoftonline.com/.</param>
/// <param name="tenantId">The tenant of the identity. Default: its own.</param>
public class ManagedIdentityOptions(Uri? authorityHost = null, string? tenantId = null)
{
    [JsonPropertyName("authorityhost")]
    public Uri? AuthorityHost { get; set; } = authorityHost;

    [JsonPropertyName("tenantid")]
    public string? TenantId { get; set; } = tenantId;
}
