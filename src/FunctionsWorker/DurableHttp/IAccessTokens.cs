using System.Collections.Concurrent;
using Azure.Core;
using Azure.Identity;

namespace Microsoft.Azure.Functions.Worker.Extensions.DurableTask.Http;

/// <summary>Gets the token that a <see cref="TokenSource"/> stands for.</summary>
internal interface IAccessTokens
{
    Task<string> GetAsync(TokenSource source, CancellationToken cancellationToken);
}

/// <summary>Tokens by Azure.Identity: managed identity, or what else its default chain finds. The library keeps and renews them.</summary>
internal sealed class AzureAccessTokens : IAccessTokens
{
    private readonly ConcurrentDictionary<(Uri? Authority, string? Tenant), TokenCredential> _credentials = new();

    public async Task<string> GetAsync(TokenSource source, CancellationToken cancellationToken)
    {
        ManagedIdentityOptions? options = (source as ManagedIdentityTokenSource)?.Options;
        TokenCredential credential = _credentials.GetOrAdd((options?.AuthorityHost, options?.TenantId), static key =>
        {
            var choice = new DefaultAzureCredentialOptions { TenantId = key.Tenant };
            choice.AuthorityHost = key.Authority ?? choice.AuthorityHost;
            return new DefaultAzureCredential(choice);
        });

        // A scope ends with the permission wanted; a plain resource means all that the identity has.
        string scope = source.Resource.Contains("/.default", StringComparison.Ordinal) ? source.Resource
            : $"{source.Resource.TrimEnd('/')}/.default";
        return (await credential.GetTokenAsync(new TokenRequestContext([scope]), cancellationToken)).Token;
    }
}
