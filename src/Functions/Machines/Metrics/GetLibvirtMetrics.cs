using Heal.Functions.Http;
using Heal.Healing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;

namespace Heal.Functions.Machines;

/// <summary><c>GET /api/metrics/libvirt?host=</c>: the last values of all hosts, or of one, for Prometheus. Asks no host: a scrape costs
/// them nothing.</summary>
internal sealed class GetLibvirtMetrics(LibvirtMetrics metrics)
{
    [Function(nameof(GetLibvirtMetrics))]
    public IActionResult Run([HttpTrigger(AuthorizationLevel.Function, "get", Route = "metrics/libvirt")] HttpRequest request)
    {
        string? host = request.Query["host"];
        if (host is not null && !metrics.Knows(host))
        {
            return Problem.NotFound($"There is no libvirt host '{SafeText.Line(host, 80)}'.", Correlation.Of(request.HttpContext));
        }

        return new ContentResult { Content = PrometheusText.Of(metrics.Latest(host)), ContentType = PrometheusText.ContentType };
    }
}
