using System.Text.Json.Nodes;
using Heal.Simulator.Admission;
using Heal.Simulator.Objects;
using Microsoft.AspNetCore.Http;

namespace Heal.Simulator.Api;

/// <summary>
/// What becomes of fields that a kind does not have, and of those that stand twice in one object: Strict refuses the write, Warn (the
/// default) and Ignore drop them, the former with a warning for each.
/// </summary>
internal sealed class FieldValidation
{
    private readonly HttpContext _http;
    private readonly string _directive;
    private readonly IReadOnlyList<string> _duplicates;

    /// <param name="options">The kind of the request's options, for the message.</param>
    /// <param name="duplicates">Paths of fields that stand twice in what was sent.</param>
    public FieldValidation(HttpContext http, string options, IReadOnlyList<string> duplicates)
    {
        _http = http;
        _duplicates = duplicates;
        _directive = http.Request.Query["fieldValidation"].ToString();
        if (_directive is not ("" or "Ignore" or "Strict" or "Warn"))
            throw ApiException.InvalidOptions(
                options, [FieldError.NotSupported("fieldValidation", _directive, "", "Ignore", "Strict", "Warn")]);
    }

    /// <summary>Of an object that was sent as a whole.</summary>
    public JsonObject Whole(ResourceType type, JsonObject sent)
    {
        var faults = Faults(KnownFields.Unknown(type, sent));
        if (_directive == "Strict" && faults.Count > 0)
            throw ApiException.BadRequest(
                $"{type.Kind} in version \"{type.Version}\" cannot be handled as a {type.Kind}: {Describe(faults)}");
        return Dropped(type, sent, faults);
    }

    /// <summary>Of what a patch makes of an object. What is stored is known, whatever the table says of it.</summary>
    public JsonObject Patched(ResourceType type, JsonNode? patch, JsonObject live, JsonObject next)
    {
        var faults = Faults(KnownFields.Unknown(type, next).Except(KnownFields.Unknown(type, live), StringComparer.Ordinal));
        if (_directive == "Strict" && faults.Count > 0)
            throw ApiException.InvalidPatch([FieldError.Invalid("patch", patch, Describe(faults))]);
        return Dropped(type, next, faults);
    }

    /// <summary>Of an applied configuration: what its kind does not have cannot be owned, whatever the request says.</summary>
    public void Applied(ResourceType type, JsonObject sent)
    {
        if (_directive == "Strict" && _duplicates.Count > 0)
            throw ApiException.BadRequest($"error decoding YAML: {Describe(Faults([]))}");
        if (KnownFields.Unknown(type, sent) is [var first, ..])
            throw new ApiException(500, "InternalError",
                $"failed to create typed patch object ({sent.Namespace()}/{sent.Name()}; {type.GroupVersion}, Kind={type.Kind}): "
                + $".{first}: field not declared in schema");
    }

    private List<string> Faults(IEnumerable<string> unknown) =>
        [.. unknown.Select(f => $"unknown field \"{f}\""), .. _duplicates.Select(f => $"duplicate field \"{f}\"")];

    private static string Describe(List<string> faults) => $"strict decoding error: {string.Join(", ", faults)}";

    private JsonObject Dropped(ResourceType type, JsonObject o, List<string> faults)
    {
        if (faults.Count == 0)
            return o;
        foreach (var fault in _directive == "Ignore" ? [] : faults)
            _http.Response.Headers.Append("Warning", $"299 - \"{fault.Replace("\"", "\\\"", StringComparison.Ordinal)}\"");
        KnownFields.Drop(type, o);
        return o;
    }
}
