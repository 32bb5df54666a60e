using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Converters;
using Microsoft.Azure.Functions.Worker.Http;

namespace Heal.FunctionsWorker.Tests.Sample;

public enum Colour
{
    Red = 0,
    Green = 1,
}

/// <summary>A class that tests make without services, and the host with them.</summary>
public sealed class TwoWaysSamples
{
    private readonly Journal? _journal;

    public TwoWaysSamples()
    {
    }

    public TwoWaysSamples(Journal journal) => _journal = journal;

    [Function("TwoWays")]
    public string TwoWays([HttpTrigger(AuthorizationLevel.Anonymous, "get")] HttpRequest request) =>
        $"{request.Method} {(_journal is null ? "without" : "with")} services";
}

/// <summary>Each form in which a parameter may be bound.</summary>
public sealed class BindingSamples(Journal journal)
{
    [Function("Optional")]
    public static string Optional(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "optional/{id:int?}")] HttpRequest request, int? id) =>
        $"{request.Method} {id?.ToString() ?? "none"}";

    [Function("Paged")]
    public static string Paged(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "paged/{page=1}/{size:range(1,50)=20}")] HttpRequestData request,
        int page,
        int size) => $"{request.Method} {page} {size}";

    [Function("CatchAll")]
    public static string CatchAll(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "files/{*path}")] HttpRequest request, string path) =>
        $"{request.Method} {path}";

    [Function("Scalars")]
    public static string Scalars(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "scalars/{id:guid}")] HttpRequest request,
        Guid id, bool flag, long big, double real, decimal money, char letter, Colour colour, TimeSpan span, DateOnly day, TimeOnly time,
        DateTimeOffset moment, Uri link, byte small = 9, Colour? other = null) =>
        FormattableString.Invariant($"{request.Method} {id} {flag} {big} {real} {money} {letter} {colour} {span} ")
            + FormattableString.Invariant($"{day:yyyy-MM-dd} {time:HH:mm} {moment:O} {link} {small} {other?.ToString() ?? "-"}");

    [Function("Defaults")]
    public static string Defaults(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get")] HttpRequest request,
        Colour? colour = Colour.Green, Colour plain = Colour.Green, long? most = 7, decimal price = 1.5m, Guid id = default,
        DateTimeOffset since = default, string text = "none") => FormattableString.Invariant(
            $"{request.Method} {colour} {plain} {most} {price} {id == Guid.Empty} {since == default} {text}");

    [Function("Listed")]
    public static string Listed(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get")] HttpRequest request,
        string[] names,
        List<int>? sizes,
        Colour? shade,
        IDictionary<string, string> query) =>
        $"{request.Method} {string.Join('+', names)} {sizes?.Sum().ToString() ?? "none"} {string.Join('+', query.Keys)}{shade}";

    [Function("BodyAndRequest")]
    public static async Task<string> BodyAndRequestAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post")] HttpRequestData request, [FromBody] Order order) =>
        $"{order.Item} {(await request.ReadAsStringAsync())!.Length} {(await Again(request).ReadFromJsonAsync<Order>())!.Number} "
            + new StreamReader(Again(request).Body).ReadToEnd().Length;

    [Function("RawBody")]
    public static string RawBody(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post")] HttpRequestData request, [FromBody] byte[] body) =>
        $"{request.Method} {Encoding.UTF8.GetString(body)}";

    [Function("Shouted")]
    public static string Shouted([HttpTrigger(AuthorizationLevel.Anonymous, "get")] HttpRequest request, [Loud] string name) =>
        $"{request.Method} {name}";

    [Function("TakeBytes")]
    public void TakeBytes([QueueTrigger("%ORDERS%")] byte[] body, string id, DateTimeOffset insertionTime, DateTimeOffset expirationTime,
        DateTime nextVisibleTime, int dequeueCount, string queueTrigger, string popReceipt) =>
        journal.Write($"{Encoding.UTF8.GetString(body)} {id.Length > 0} {insertionTime < expirationTime} "
            + $"{nextVisibleTime > insertionTime.UtcDateTime} "
            + $"{dequeueCount} {queueTrigger} {popReceipt.Length > 0}");

    [Function("TakeText")]
    public void TakeText([QueueTrigger("%ORDERS%")] BinaryData body, FunctionContext context) =>
        journal.Write($"{body} {context.BindingContext.BindingData["DequeueCount"]} "
            + context.FunctionDefinition.InputBindings["body"].Type);

    [Function("TakeId")]
    public void TakeId([QueueTrigger("%ORDERS%")] Guid body) => journal.Write($"id {body}");

    [Function("TakeTime")]
    public void TakeTime([QueueTrigger("%ORDERS%")] DateTime? body) => journal.Write($"time {body:O}");

    [Function("TakeMoment")]
    public void TakeMoment([QueueTrigger("%ORDERS%")] DateTimeOffset? body) => journal.Write($"moment {body:O}");

    private static HttpRequestData Again(HttpRequestData request)
    {
        request.Body.Position = 0;
        return request;
    }

    [SupportedTargetType(typeof(string))]
    private sealed class LoudConverter : IInputConverter
    {
        public ValueTask<ConversionResult> ConvertAsync(ConverterContext context) => ValueTask.FromResult(
            context.Source is string text ? ConversionResult.Success(text.ToUpperInvariant()) : ConversionResult.Unhandled());
    }

    [AttributeUsage(AttributeTargets.Parameter)]
    private sealed class LoudAttribute() : InputConverterAttribute(typeof(LoudConverter));
}
