using Heal.Simulator.Faults;
using Heal.Simulator.Objects;
using Microsoft.AspNetCore.Http;

namespace Heal.Simulator.Api;

/// <summary>One request in, one answer out: authentication, injected misbehaviour, routing, errors as Status objects.</summary>
internal sealed class ApiServer(
    ReadRequests reads, WriteRequests writes, WatchRequests watches, Subresources subresources,
    FaultEndpoint faultEndpoint, FaultBook faults,
    SimulatorClock clock, string? token)
{
    public async Task HandleAsync(HttpContext http)
    {
        try
        {
            var segments = (http.Request.Path.Value ?? "").Split('/', StringSplitOptions.RemoveEmptyEntries);
            if (token is not null && http.Request.Headers.Authorization != $"Bearer {token}")
                throw ApiException.Unauthorized();
            if (segments is ["simulator", "faults", ..] && segments.Length <= 3)
                await faultEndpoint.HandleAsync(http, segments);
            else
                await ServeAsync(http, segments);
        }
        catch (ApiException e) when (!http.Response.HasStarted)
        {
            await Responses.ErrorAsync(http, e);
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // The client is gone: there is nobody to answer.
        }
    }

    private async Task ServeAsync(HttpContext http, string[] segments)
    {
        var isWatch = http.Request.Query["watch"].ToString() is "true" or "1" or "True";
        AnswerHeaders.Set(http, segments);
        var fate = await MisbehaveAsync(http, isWatch);
        if (segments is ["healthz" or "livez" or "readyz", ..])
            await Responses.TextAsync(http, "ok");
        else if (AggregatedDiscovery.Find(http, segments) is { } whole)
            await Responses.JsonAsync(http, 200, whole, AggregatedDiscovery.MediaType);
        else if (Discovery.Find(segments, http.Request.Host.Value ?? "") is { } discovery)
            await Responses.JsonAsync(http, 200, discovery);
        else if (OpenApi.Find(segments) is { } document)
            await Responses.JsonAsync(http, 200, document);
        else if (RequestTarget.Parse(segments) is { } target)
            await RouteAsync(http, target, isWatch, fate);
        else
            throw ApiException.PathNotFound();
    }

    private Task RouteAsync(HttpContext http, RequestTarget target, bool isWatch, WatchFate fate)
    {
        if (target.Type == ResourceCatalog.NewerEvents && (http.Request.Method != "GET" || isWatch))
            throw ApiException.MethodNotAllowed();
        if (target.Name.Length == 0)
        {
            return http.Request.Method switch
            {
                "GET" when isWatch => watches.ServeAsync(http, target, fate),
                "GET" => reads.ListAsync(http, target),
                "POST" => writes.CreateAsync(http, target),
                "DELETE" => writes.DeleteCollectionAsync(http, target),
                _ => throw ApiException.MethodNotAllowed(),
            };
        }
        if (target.Subresource.Length > 0 && !target.Type.Subresources.Contains(target.Subresource))
            throw ApiException.PathNotFound();
        return (http.Request.Method, target.Subresource) switch
        {
            ("GET", "" or "status") => reads.GetAsync(http, target),
            ("PUT", "" or "status" or "resize") => writes.ReplaceAsync(http, target),
            ("PATCH", "" or "status" or "resize") => writes.PatchAsync(http, target),
            ("DELETE", "") => writes.DeleteAsync(http, target),
            ("GET", "scale") => subresources.GetScaleAsync(http, target),
            ("PUT" or "PATCH", "scale") => subresources.WriteScaleAsync(http, target),
            ("GET", "log") => subresources.LogAsync(http, target),
            ("POST", "eviction") => subresources.EvictAsync(http, target),
            _ => throw ApiException.MethodNotAllowed(),
        };
    }

    /// <summary>Does what the injected API faults say, and answers what is to become of a watch.</summary>
    private async Task<WatchFate> MisbehaveAsync(HttpContext http, bool isWatch)
    {
        var fate = WatchFate.AsUsual;
        var isStream = isWatch && WatchOptions.AsksForWhatExists(http);
        foreach (var effect in faults.Hit(http.Request.Method, http.Request.Path.Value ?? "", isWatch, isStream))
        {
            switch (effect.Action)
            {
                case "latency":
                    await Task.Delay(TimeSpan.FromSeconds(effect.LatencySeconds), clock.Time, http.RequestAborted);
                    break;
                case "hang":
                    await Task.Delay(Timeout.InfiniteTimeSpan, clock.Time, http.RequestAborted);
                    break;
                case "expireWatches":
                    fate = WatchFate.Expires;
                    break;
                case "refuseStreams":
                    fate = WatchFate.NotStreamed;
                    break;
                case "ignoreStreams":
                    fate = WatchFate.NotUnderstood;
                    break;
                case "cutStreams":
                    fate = WatchFate.CutInTheMiddle;
                    break;
                case "forbid":
                    throw Forbidden(http, isWatch);
                default:
                    var reason = effect.Status switch
                    {
                        429 => "TooManyRequests",
                        500 => "InternalError",
                        503 => "ServiceUnavailable",
                        _ => "Unknown",
                    };
                    throw new ApiException(effect.Status, effect.Reason ?? reason, effect.Message ?? $"injected fault: {effect.Status}")
                        { RetryAfterSeconds = effect.RetryAfterSeconds };
            }
        }
        return fate;
    }

    private static ApiException Forbidden(HttpContext http, bool isWatch)
    {
        var target = RequestTarget.Parse((http.Request.Path.Value ?? "").Split('/', StringSplitOptions.RemoveEmptyEntries))
            ?? throw ApiException.PathNotFound();
        var verb = http.Request.Method switch
        {
            "GET" when isWatch => "watch",
            "GET" => target.Name.Length == 0 ? "list" : "get",
            "POST" => "create",
            "PUT" => "update",
            "PATCH" => "patch",
            _ => target.Name.Length == 0 ? "deletecollection" : "delete",
        };
        var resource = target.Subresource.Length == 0 ? target.Type.Plural : $"{target.Type.Plural}/{target.Subresource}";
        var scope = target.Namespace.Length == 0 ? "at the cluster scope" : $"in the namespace \"{target.Namespace}\"";
        return ApiException.Forbidden(target.Type, target.Name,
            $"User \"system:serviceaccount:heal:heal\" cannot {verb} resource \"{resource}\" in API group \"{target.Type.Group}\" {scope}");
    }
}
