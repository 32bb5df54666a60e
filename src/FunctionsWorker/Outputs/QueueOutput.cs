using System.Text.RegularExpressions;
using Azure.Storage.Queues;
using Microsoft.Azure.Functions.Worker.Configuration;
using Microsoft.Azure.Functions.Worker.Discovery;
using Microsoft.Azure.Functions.Worker.Queues;
using Microsoft.Extensions.Configuration;

namespace Microsoft.Azure.Functions.Worker.Outputs;

/// <summary>An output of a function with the queue that it goes to, and the name of the settings that lead there.</summary>
internal sealed partial record QueueOutput(OutputDescriptor Output, QueueClient Queue, string Connection)
{
    /// <summary>Those of each function that has any.</summary>
    public static QueueOutputs Of(IEnumerable<FunctionDescriptor> functions, IConfiguration configuration, FunctionFaults faults)
    {
        var outputs = new Dictionary<FunctionDescriptor, List<QueueOutput>>();
        foreach (FunctionDescriptor function in functions)
        {
            foreach (OutputDescriptor output in function.Outputs)
            {
                if (output.Attribute is QueueOutputAttribute attribute
                    && Of(function, output, attribute, configuration, faults.Of(function.Name)) is { } queue)
                {
                    outputs.TryAdd(function, []);
                    outputs[function].Add(queue);
                }
            }
        }

        return new(outputs.ToDictionary(static o => o.Key, static o => o.Value.ToArray()));
    }

    private static QueueOutput? Of(
        FunctionDescriptor function,
        OutputDescriptor output,
        QueueOutputAttribute attribute,
        IConfiguration configuration,
        List<string> faults)
    {
        string where = $"function '{function.Name}' ({function.EntryPoint}): output {output.Name}, queue '{attribute.QueueName}'";
        int before = faults.Count;
        string name = SettingReferences.Resolve(attribute.QueueName, configuration, where, faults).ToLowerInvariant();
        if (faults.Count == before && !QueueName().IsMatch(name))
        {
            faults.Add($"{where}: is '{name}', expected 3 to 63 lower-case letters, digits and single '-'");
        }

        Func<string, QueueClient>? connect = QueueConnection.Of(configuration, attribute.Connection, where, faults);
        return faults.Count == before ? new(output, connect!(name), QueueConnection.NameOf(attribute.Connection)) : null;
    }

    [GeneratedRegex("^(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*$")]
    private static partial Regex QueueName();
}

/// <summary>The queues that functions hand on to.</summary>
internal sealed record QueueOutputs(IReadOnlyDictionary<FunctionDescriptor, QueueOutput[]> ByFunction);
