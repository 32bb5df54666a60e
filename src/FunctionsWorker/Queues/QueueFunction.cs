using System.Text.RegularExpressions;
using Azure.Storage.Queues;
using Microsoft.Azure.Functions.Worker.Configuration;
using Microsoft.Azure.Functions.Worker.Discovery;
using Microsoft.Extensions.Configuration;

namespace Microsoft.Azure.Functions.Worker.Queues;

/// <summary>A queue-triggered function with its queue and the poison queue beside it.</summary>
/// <param name="Connection">The name of the settings that lead to the queues.</param>
internal sealed partial record QueueFunction(FunctionDescriptor Function, QueueClient Queue, QueueClient Poison, string Connection)
{
    private const string PoisonSuffix = "-poison";

    public static IReadOnlyList<QueueFunction> Of(FunctionCatalog catalog, IConfiguration configuration, FunctionFaults allFaults)
    {
        var queues = new List<QueueFunction>();
        foreach ((FunctionDescriptor function, QueueTriggerAttribute trigger) in catalog.Triggered<QueueTriggerAttribute>())
        {
            string where = $"function '{function.Name}' ({function.EntryPoint}): queue '{trigger.QueueName}'";
            List<string> faults = allFaults.Of(function.Name);
            int before = faults.Count;
            string name = SettingReferences.Resolve(trigger.QueueName, configuration, where, faults).ToLowerInvariant();
            if (faults.Count == before && !QueueName().IsMatch(name))
            {
                faults.Add($"{where}: is '{name}', expected 3 to 56 lower-case letters, digits and single '-' "
                    + $"(so that '{PoisonSuffix}' still fits)");
            }

            Func<string, QueueClient>? connect = QueueConnection.Of(configuration, trigger.Connection, where, faults);
            if (faults.Count == before)
            {
                queues.Add(new(function, connect!(name), connect(name + PoisonSuffix), QueueConnection.NameOf(trigger.Connection)));
            }
        }

        return queues;
    }

    [GeneratedRegex("^(?=.{3,56}$)[a-z0-9]+(-[a-z0-9]+)*$")]
    private static partial Regex QueueName();
}
