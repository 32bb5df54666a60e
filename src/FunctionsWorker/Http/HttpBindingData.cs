using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Microsoft.Azure.Functions.Worker.Http;

/// <summary>
/// What an HTTP-triggered invocation knows by name: route values, then query values, then <c>Query</c> and <c>Headers</c> as JSON objects.
/// Looked up in the request when somebody asks: most functions ask for one name or none. Letter case is ignored.
/// </summary>
internal sealed class HttpBindingData(HttpRequest request) : IReadOnlyDictionary<string, object?>
{
    // The key came in by them too; it is nobody's binding datum.
    private const string KeyInQuery = "code";
    private const string KeyInHeader = "x-functions-key";

    public IEnumerable<string> Keys => request.RouteValues.Keys
        .Concat(request.Query.Keys.Where(static k => !IsKey(k)))
        .Append("Query")
        .Append("Headers")
        .Distinct(StringComparer.OrdinalIgnoreCase);

    public IEnumerable<object?> Values => Keys.Select(key => this[key]);

    public int Count => Keys.Count();

    public object? this[string key] => TryGetValue(key, out object? value)
        ? value
        : throw new KeyNotFoundException($"The request has no route value and no query value '{key}'.");

    public bool ContainsKey(string key) => TryGetValue(key, out _);

    public bool TryGetValue(string key, [MaybeNullWhen(false)] out object? value)
    {
        if (request.RouteValues.TryGetValue(key, out value))
        {
            return true;
        }

        if (!IsKey(key) && request.Query.TryGetValue(key, out var values))
        {
            value = values.ToString();
            return true;
        }

        value = key.Equals("Query", StringComparison.OrdinalIgnoreCase) ? Json(request.Query.Where(static q => !IsKey(q.Key)))
            : key.Equals("Headers", StringComparison.OrdinalIgnoreCase)
                ? Json(request.Headers.Where(static h => !h.Key.Equals(KeyInHeader, StringComparison.OrdinalIgnoreCase)))
            : null;
        return value is not null;
    }

    public IEnumerator<KeyValuePair<string, object?>> GetEnumerator() =>
        Keys.Select(key => new KeyValuePair<string, object?>(key, this[key])).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static bool IsKey(string name) => name.Equals(KeyInQuery, StringComparison.OrdinalIgnoreCase);

    private static string Json(IEnumerable<KeyValuePair<string, Microsoft.Extensions.Primitives.StringValues>> values) =>
        JsonSerializer.Serialize(values.ToDictionary(static v => v.Key, static v => v.Value.ToString(), StringComparer.OrdinalIgnoreCase));
}
