using Azure.Core;
using Azure.Identity;
using Azure.Storage.Queues;
using Microsoft.Azure.Functions.Worker.Configuration;
using Microsoft.Extensions.Configuration;

namespace Microsoft.Azure.Functions.Worker.Queues;

/// <summary>
/// From the name of a connection to clients of its queues. The name leads to a setting with a connection string, or to a section that says
/// how to reach the account by an identity: <c>NAME__queueServiceUri</c> or <c>NAME__accountName</c>, and <c>NAME__credential</c>
/// (<c>managedidentity</c>), <c>NAME__clientId</c>, <c>NAME__tenantId</c>, <c>NAME__clientSecret</c>. Without a credential it is the
/// environment's: <see cref="DefaultAzureCredential"/>.
/// </summary>
internal static class QueueConnection
{
    private const string DefaultName = "AzureWebJobsStorage";
    private const int RetriesPerCall = 2;
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(10);

    /// <summary>The name that an attribute means by its <c>Connection</c>.</summary>
    public static string NameOf(string? connection) => string.IsNullOrEmpty(connection) ? DefaultName : connection;

    /// <returns>Makes the client of a queue by its name; null when a fault was added.</returns>
    public static Func<string, QueueClient>? Of(IConfiguration configuration, string? connection, string where, List<string> faults)
    {
        string name = NameOf(connection);
        if (SettingReferences.Connection(configuration, name) is { } text)
        {
            return OfText(text, name, where, faults);
        }

        IConfigurationSection? section = new[] { name, "AzureWebJobs" + name, "ConnectionStrings:" + name }
            .Select(configuration.GetSection)
            .FirstOrDefault(static s => s.GetChildren().Any());
        if (section is not null)
        {
            return OfIdentity(section, name, where, faults);
        }

        faults.Add($"{where}: setting '{name}' is not set, expected the connection string of the storage account, "
            + $"or '{name}__queueServiceUri' to reach it by an identity");
        return null;
    }

    private static Func<string, QueueClient>? OfText(string text, string name, string where, List<string> faults)
    {
        try
        {
            _ = new QueueClient(text, "any");
            return queue => new(text, queue, Options());
        }
        catch (Exception exception) when (exception is FormatException or ArgumentException)
        {
            faults.Add($"{where}: setting '{name}' is not a connection string of Azure Storage, expected "
                + "'UseDevelopmentStorage=true' or 'DefaultEndpointsProtocol=...;AccountName=...;AccountKey=...'");
            return null;
        }
    }

    private static Func<string, QueueClient>? OfIdentity(IConfigurationSection section, string name, string where, List<string> faults)
    {
        string? address = section["queueServiceUri"] ?? section["serviceUri"]
            ?? (section["accountName"] is { Length: > 0 } account ? $"https://{account}.queue.core.windows.net" : null);
        // A token goes to whoever listens: over https only.
        Uri? service = Uri.TryCreate(address, UriKind.Absolute, out Uri? uri) && uri.Scheme == Uri.UriSchemeHttps ? uri : null;
        if (service is null)
        {
            faults.Add($"{where}: setting '{name}__queueServiceUri' is '{address}', expected the https address of the account's queue "
                + $"service, or its name in '{name}__accountName'");
        }

        TokenCredential? credential = TryCredential(section, name, where, faults);
        return service is null || credential is null
            ? null
            : queue => new(new Uri($"{service.AbsoluteUri.TrimEnd('/')}/{queue}"), credential, Options());
    }

    private static TokenCredential? TryCredential(IConfigurationSection section, string name, string where, List<string> faults)
    {
        try
        {
            return Credential(section, name, where, faults);
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException)
        {
            faults.Add($"{where}: the identity of connection '{name}' cannot be used: {StorageFault.FirstLine(exception)} "
                + $"Expected ids in '{name}__tenantId', '{name}__clientId' and '{name}__managedIdentityResourceId', where they are set");
            return null;
        }
    }

    private static TokenCredential? Credential(IConfigurationSection section, string name, string where, List<string> faults)
    {
        string? client = section["clientId"];
        switch (section["credential"]?.ToLowerInvariant())
        {
            case "managedidentity":
                return new ManagedIdentityCredential(
                    section["managedIdentityResourceId"] is { Length: > 0 } resource
                        ? ManagedIdentityId.FromUserAssignedResourceId(new ResourceIdentifier(resource))
                        : client is { Length: > 0 } ? ManagedIdentityId.FromUserAssignedClientId(client)
                        : ManagedIdentityId.SystemAssigned);
            case null or "":
                break;
            case { } other:
                faults.Add($"{where}: setting '{name}__credential' is '{other}', expected 'managedidentity', or nothing");
                return null;
        }

        if (section["clientSecret"] is not { Length: > 0 } secret)
        {
            return new DefaultAzureCredential(new DefaultAzureCredentialOptions
            {
                ManagedIdentityClientId = client,
                TenantId = section["tenantId"],
            });
        }

        if (section["tenantId"] is { Length: > 0 } tenant && client is { Length: > 0 })
        {
            return new ClientSecretCredential(tenant, client, secret);
        }

        faults.Add($"{where}: setting '{name}__clientSecret' is set, expected '{name}__tenantId' and '{name}__clientId' with it");
        return null;
    }

    private static QueueClientOptions Options()
    {
        // Encoding stays with the host: a message that cannot be decoded must go to the poison queue, not fail the whole batch.
        var options = new QueueClientOptions { MessageEncoding = QueueMessageEncoding.None };
        options.Retry.MaxRetries = RetriesPerCall;
        options.Retry.NetworkTimeout = CallTimeout;
        return options;
    }
}
