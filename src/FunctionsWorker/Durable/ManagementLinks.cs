using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.Azure.Functions.Worker.Configuration;
using Microsoft.Azure.Functions.Worker.Http;
using Microsoft.Azure.Functions.Worker.Keys;
using Microsoft.DurableTask.Client;

namespace Microsoft.Azure.Functions.Worker;

/// <summary>Builds the addresses of the management API, with the hub's name and the system key in them.</summary>
internal sealed class ManagementLinks(KeyRing keys, IServer server, HostSettings settings)
{
    public const string BasePath = "/runtime/webhooks/durabletask";

    // The public extension methods get a client and nothing else; this is how they find their host again.
    private static readonly ConditionalWeakTable<DurableTaskClient, ManagementLinks> Hosts = [];

    public string TaskHub => settings.Durable.HubName;

    public string Connection => settings.Durable.ConnectionStringName;

    public static ManagementLinks? Of(DurableTaskClient client) => Hosts.TryGetValue(client, out ManagementLinks? links) ? links : null;

    public void Attach(DurableTaskClient client) => Hosts.AddOrUpdate(client, this);

    /// <summary>Scheme, host and port for links in a reply of the management API; those of a proxy where host.json says so.</summary>
    public string AuthorityOf(HttpRequest request) => settings.Durable.UseForwardedHost
        ? ForwardedAuthority.Of(name => request.Headers[name], request.Scheme, request.Host.ToString())
        : $"{request.Scheme}://{request.Host}";

    /// <summary>The address of a request to the management API, as its caller sees it: where to ask again.</summary>
    public string AddressOf(HttpRequest request) => AuthorityOf(request) + request.GetEncodedPathAndQuery();

    /// <summary>Scheme, host and port for links in a reply of a function, as its caller sees them.</summary>
    public static string AuthorityOf(HttpRequestData request) => ForwardedAuthority.Of(
        name => request.Headers.TryGetValues(name, out IEnumerable<string>? values) ? values.FirstOrDefault() : null,
        request.Url.Scheme,
        request.Url.Authority);

    /// <param name="authority">Scheme, host and port as the caller sees them; null for the first address that the server listens
    /// on.</param>
    public HttpManagementPayload For(string instanceId, string? authority = null)
    {
        string root = authority ?? server.Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault() ?? "http://localhost";
        return Build(
            root,
            instanceId,
            $"taskHub={Uri.EscapeDataString(TaskHub)}&connection={Uri.EscapeDataString(Connection)}"
                + (keys.LinkKey is { } key ? $"&code={Uri.EscapeDataString(key)}" : ""));
    }

    /// <param name="query">What every address carries, without the question mark; may be empty.</param>
    public static HttpManagementPayload Build(string root, string instanceId, string query)
    {
        string instance = $"{root.TrimEnd('/')}{BasePath}/instances/{Uri.EscapeDataString(instanceId)}";
        string plain = query.Length == 0 ? "" : "?" + query;
        string reason = query.Length == 0 ? "?reason={text}" : "?reason={text}&" + query;
        return new()
        {
            Id = instanceId,
            StatusQueryGetUri = instance + plain,
            SendEventPostUri = $"{instance}/raiseEvent/{{eventName}}{plain}",
            TerminatePostUri = $"{instance}/terminate{reason}",
            RewindPostUri = $"{instance}/rewind{reason}",
            PurgeHistoryDeleteUri = instance + plain,
            RestartPostUri = $"{instance}/restart{plain}",
            SuspendPostUri = $"{instance}/suspend{reason}",
            ResumePostUri = $"{instance}/resume{reason}",
        };
    }
}
