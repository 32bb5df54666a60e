using Microsoft.Azure.Functions.Worker.Configuration;
using Microsoft.Azure.Functions.Worker.Discovery;
using Microsoft.Extensions.Configuration;

namespace Microsoft.Azure.Functions.Worker;

/// <summary>A <c>[DurableClient]</c> may name the hub and the connection of host.json, and no others: this host serves one hub.</summary>
internal static class DurableClientRules
{
    public static void Check(
        IEnumerable<FunctionDescriptor> functions, DurableSettings settings, IConfiguration configuration, FunctionFaults allFaults)
    {
        foreach (FunctionDescriptor function in functions)
        {
            List<string> faults = allFaults.Of(function.Name);
            foreach (ParameterDescriptor parameter in function.Bindings)
            {
                if (parameter.Attribute is DurableClientAttribute client)
                {
                    string where = $"function '{function.Name}' ({function.EntryPoint}): parameter '{parameter.Parameter.Name}'";
                    Compare(faults, where, nameof(client.TaskHub), client.TaskHub, settings.HubName);
                    Compare(faults, where, nameof(client.ConnectionName), client.ConnectionName, settings.ConnectionStringName);
                }
            }
        }

        void Compare(List<string> faults, string where, string property, string? named, string own)
        {
            if (string.IsNullOrEmpty(named))
            {
                return;
            }

            string resolved = SettingReferences.Resolve(named, configuration, $"{where}, {property} of [DurableClient]", faults);
            if (resolved.Length > 0 && !string.Equals(resolved, own, StringComparison.OrdinalIgnoreCase))
            {
                faults.Add($"{where}: [DurableClient] has {property} '{resolved}', expected none or '{own}': "
                    + "this host serves the hub of its host.json only");
            }
        }
    }
}
