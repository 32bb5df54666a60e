using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Azure.Functions.Worker.Keys;
using Microsoft.DurableTask.Client;

namespace Microsoft.Azure.Functions.Worker;

/// <summary>Builds the addresses of the management API, with the system key in them.</summary>
internal sealed class ManagementLinks(KeyRing keys, IServer server)
{
    public const string BasePath = "/runtime/webhooks/durabletask";

    // The public extension methods get a client and nothing else; this is how they find their host again.
    private static readonly ConditionalWeakTable<DurableTaskClient, ManagementLinks> Hosts = [];

    public static ManagementLinks? Of(DurableTaskClient client) => Hosts.TryGetValue(client, out ManagementLinks? links) ? links : null;

    public void Attach(DurableTaskClient client) => Hosts.AddOrUpdate(client, this);

    /// <param name="authority">Scheme, host and port as the caller sees them; null for the first address that the server listens
    /// on.</param>
    public HttpManagementPayload For(string instanceId, string? authority = null)
    {
        string root = authority ?? server.Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault() ?? "http://localhost";
        string instance = $"{root.TrimEnd('/')}{BasePath}/instances/{Uri.EscapeDataString(instanceId)}";
        string code = keys.LinkKey is { } key ? $"code={Uri.EscapeDataString(key)}" : "";
        return new()
        {
            Id = instanceId,
            StatusQueryGetUri = $"{instance}?{code}",
            SendEventPostUri = $"{instance}/raiseEvent/{{eventName}}?{code}",
            TerminatePostUri = $"{instance}/terminate?reason={{text}}&{code}",
            SuspendPostUri = $"{instance}/suspend?reason={{text}}&{code}",
            ResumePostUri = $"{instance}/resume?reason={{text}}&{code}",
            PurgeHistoryDeleteUri = $"{instance}?{code}",
        };
    }
}
