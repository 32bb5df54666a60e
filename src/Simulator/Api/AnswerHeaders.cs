using Heal.Simulator.Objects;
using Microsoft.AspNetCore.Http;

namespace Heal.Simulator.Api;

/// <summary>What stands beside each answer: who asked under which priority, and a warning about what is on its way out.</summary>
internal static class AnswerHeaders
{
    private const string Flow = "7f4d2c60-0000-4000-8000-000000000001";
    private const string Priority = "7f4d2c60-0000-4000-8000-000000000002";
    private const string OldEndpoints = "299 - \"v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice\"";

    public static void Set(HttpContext http, string[] segments)
    {
        var headers = http.Response.Headers;
        headers["Audit-Id"] = http.TraceIdentifier;
        headers["X-Kubernetes-Pf-Flowschema-Uid"] = Flow;
        headers["X-Kubernetes-Pf-Prioritylevel-Uid"] = Priority;
        if (RequestTarget.Parse(segments)?.Type == ResourceCatalog.Endpoints)
            headers["Warning"] = OldEndpoints;
    }
}
