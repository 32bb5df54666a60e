using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Heal.Drivers.Kubernetes.Tests.Support;

/// <summary>Answers for <see cref="ApiServerDouble"/>.</summary>
internal static class Answer
{
    /// <summary>As the real server answers for a URL that it does not know.</summary>
    public static RequestDelegate PathUnknown { get; } = async context =>
    {
        context.Response.StatusCode = 404;
        await context.Response.WriteAsync("404 page not found\n");
    };

    /// <summary>As servers before 1.32 answer a watch that asks for what exists.</summary>
    public static RequestDelegate NotStreamed { get; } = Status(
        422, "Invalid",
        "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch");

    /// <summary>Never answers.</summary>
    public static RequestDelegate Hang { get; } = context => Task.Delay(Timeout.Infinite, context.RequestAborted)
        .ContinueWith(_ => { }, TaskScheduler.Default);

    /// <summary>Breaks the connection without a word.</summary>
    public static RequestDelegate Abort { get; } = context =>
    {
        context.Abort();
        return Task.CompletedTask;
    };

    public static RequestDelegate Json(string json, int status = 200) => async context =>
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(json);
    };

    public static RequestDelegate Status(int code, string reason, string message, string details = "{}", int? retryAfter = null) =>
        async context =>
        {
            if (retryAfter is not null)
                context.Response.Headers.RetryAfter = retryAfter.Value.ToString();
            await Json(Some.Status(code, reason, message, details), code)(context);
        };

    public static RequestDelegate Text(int status, string text) => async context =>
    {
        context.Response.StatusCode = status;
        await context.Response.WriteAsync(text);
    };

    /// <summary>Begins an answer, then breaks the connection.</summary>
    public static RequestDelegate BrokenOff(string begin) => async context =>
    {
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(begin);
        await context.Response.Body.FlushAsync();
        context.Abort();
    };

    /// <summary>Writes the lines, then ends the answer properly.</summary>
    public static RequestDelegate Lines(params string[] lines) => context => WriteLinesAsync(context, lines);

    /// <summary>Writes the lines, then nothing more until the client goes.</summary>
    public static RequestDelegate LinesThenHang(params string[] lines) => async context =>
    {
        await WriteLinesAsync(context, lines);
        await Hang(context);
    };

    /// <summary>Writes a line and the beginning of another; breaks the connection when told (a reset takes unread lines with it).</summary>
    public static RequestDelegate LineThenBreak(string line, string unfinished, Task breakNow) => async context =>
    {
        await WriteLinesAsync(context, [line]);
        await context.Response.WriteAsync(unfinished);
        await context.Response.Body.FlushAsync();
        await breakNow;
        context.Abort();
    };

    private static async Task WriteLinesAsync(HttpContext context, string[] lines)
    {
        context.Features.Get<IHttpResponseBodyFeature>()!.DisableBuffering();
        context.Response.ContentType = "application/json";
        foreach (var line in lines)
            await context.Response.WriteAsync(line + "\n");
        await context.Response.Body.FlushAsync();
    }
}
