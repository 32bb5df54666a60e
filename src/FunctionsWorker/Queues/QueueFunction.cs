using System.Text.RegularExpressions;
using Azure.Storage.Queues;
using Microsoft.Azure.Functions.Worker.Configuration;
using Microsoft.Azure.Functions.Worker.Discovery;
using Microsoft.Extensions.Configuration;

namespace Microsoft.Azure.Functions.Worker.Queues;

/// <summary>A queue-triggered function with its queue and the poison queue beside it.</summary>
internal sealed partial record QueueFunction(FunctionDescriptor Function, QueueClient Queue, QueueClient Poison)
{
    private const string DefaultConnection = "AzureWebJobsStorage";
    private const string PoisonSuffix = "-poison";
    private const int RetriesPerCall = 2;
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(10);

    public static IReadOnlyList<QueueFunction> Of(FunctionCatalog catalog, IConfiguration configuration, List<string> faults)
    {
        var queues = new List<QueueFunction>();
        foreach ((FunctionDescriptor function, QueueTriggerAttribute trigger) in catalog.Triggered<QueueTriggerAttribute>())
        {
            string where = $"function '{function.Name}' ({function.EntryPoint}): queue '{trigger.QueueName}'";
            int before = faults.Count;
            string name = SettingReferences.Resolve(trigger.QueueName, configuration, where, faults);
            if (faults.Count == before && !QueueName().IsMatch(name))
            {
                faults.Add($"{where}: is '{name}', expected 3 to 56 lower-case letters, digits and single '-' "
                    + $"(so that '{PoisonSuffix}' still fits)");
            }

            string setting = trigger.Connection ?? DefaultConnection;
            string? connection = SettingReferences.Connection(configuration, setting);
            if (connection is null)
            {
                faults.Add($"{where}: setting '{setting}' is not set, expected the connection string of the storage account");
            }

            if (connection is null || faults.Count > before)
            {
                continue;
            }

            if (Client(connection, name) is { } queue && Client(connection, name + PoisonSuffix) is { } poison)
            {
                queues.Add(new(function, queue, poison));
            }
            else
            {
                faults.Add($"{where}: setting '{setting}' is not a connection string of Azure Storage, expected "
                    + "'UseDevelopmentStorage=true' or 'DefaultEndpointsProtocol=...;AccountName=...;AccountKey=...'");
            }
        }

        return queues;
    }

    private static QueueClient? Client(string connection, string name)
    {
        // Encoding stays with the listener: a message that cannot be decoded must go to the poison queue, not fail the whole batch.
        var options = new QueueClientOptions { MessageEncoding = QueueMessageEncoding.None };
        options.Retry.MaxRetries = RetriesPerCall;
        options.Retry.NetworkTimeout = CallTimeout;
        try
        {
            return new(connection, name, options);
        }
        catch (Exception exception) when (exception is FormatException or ArgumentException)
        {
            return null;
        }
    }

    [GeneratedRegex("^(?=.{3,56}$)[a-z0-9]+(-[a-z0-9]+)*$")]
    private static partial Regex QueueName();
}
