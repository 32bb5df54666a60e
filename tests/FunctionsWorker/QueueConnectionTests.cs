using Azure.Storage.Queues;
using Microsoft.Azure.Functions.Worker.Queues;
using Microsoft.Extensions.Configuration;

namespace Heal.FunctionsWorker.Tests;

/// <summary>Where the name of a connection leads. That somebody signs in there is in <see cref="IdentityTests"/>.</summary>
public sealed class QueueConnectionTests
{
    private readonly List<string> _faults = [];

    [Theory]
    [InlineData("Store:queueServiceUri", "https://acc.queue.core.windows.net/", "https://acc.queue.core.windows.net/orders")]
    [InlineData("Store:serviceUri", "https://acc.example.org", "https://acc.example.org/orders")]
    [InlineData("Store:accountName", "acc", "https://acc.queue.core.windows.net/orders")]
    [InlineData("AzureWebJobsStore:accountName", "acc", "https://acc.queue.core.windows.net/orders")]
    [InlineData("Store", "UseDevelopmentStorage=true", "http://127.0.0.1:10001/devstoreaccount1/orders")]
    [InlineData("ConnectionStrings:Store", "UseDevelopmentStorage=true", "http://127.0.0.1:10001/devstoreaccount1/orders")]
    public void The_name_of_a_connection_leads_to_its_account(string setting, string value, string expected)
    {
        QueueClient queue = Of((setting, value))!("orders");
        Assert.Equal(expected, queue.Uri.ToString());
        Assert.Empty(_faults);
    }

    [Theory]
    [InlineData("managedidentity", null, null)]
    [InlineData("managedidentity", "0af76519-16cd-43dd-8448-eb211c80319c", null)]
    [InlineData(null, "0af76519-16cd-43dd-8448-eb211c80319c", null)]
    [InlineData(null, "0af76519-16cd-43dd-8448-eb211c80319c", "secret")]
    public void An_identity_may_be_the_hosts_a_users_or_an_applications(string? credential, string? clientId, string? secret)
    {
        Assert.NotNull(Of(
            ("Store:accountName", "acc"), ("Store:credential", credential), ("Store:clientId", clientId), ("Store:clientSecret", secret),
            ("Store:tenantId", secret is null ? null : "7f9619ff-8b86-d011-b42d-00c04fc964ff")));
        Assert.Empty(_faults);
    }

    [Theory]
    [InlineData("Other", "x", "setting 'Store' is not set")]
    [InlineData("Store", "nonsense", "setting 'Store' is not a connection string")]
    [InlineData("Store:queueServiceUri", "http://acc.example.org", "expected the https address")]
    [InlineData("Store:credential", "password", "setting 'Store__credential' is 'password', expected 'managedidentity'")]
    [InlineData("Store:clientSecret", "hush", "expected 'Store__tenantId'")]
    [InlineData("Store:tenantId", "no tenant!", "the identity of connection 'Store' cannot be used")]
    public void A_connection_that_leads_nowhere_is_a_fault_that_says_what_to_set_and_no_secret(string setting, string value, string fault)
    {
        Assert.Null(Of((setting, value)));
        Assert.Contains(_faults, f => f.Contains(fault, StringComparison.Ordinal));
        Assert.DoesNotContain(_faults, static f => f.Contains("hush", StringComparison.Ordinal));
    }

    private Func<string, QueueClient>? Of(params (string Name, string? Value)[] settings) => QueueConnection.Of(
        new ConfigurationBuilder().AddInMemoryCollection(settings.Select(static s => KeyValuePair.Create(s.Name, s.Value))).Build(),
        "Store",
        "here",
        _faults);
}
