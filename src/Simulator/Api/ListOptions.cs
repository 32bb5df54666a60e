using Microsoft.AspNetCore.Http;

namespace Heal.Simulator.Api;

/// <summary>What lists and watches may ask for by resourceVersionMatch and sendInitialEvents, and what goes together.</summary>
internal static class ListOptions
{
    public const string Match = "resourceVersionMatch";
    public const string WhatExists = "sendInitialEvents";
    public const string NotOlder = "NotOlderThan";

    /// <summary>Of a list.</summary>
    public static void Check(HttpContext http)
    {
        var query = http.Request.Query;
        var errors = new List<FieldError>();
        var (match, version) = (query[Match].ToString(), query["resourceVersion"].ToString());
        if (match.Length > 0)
        {
            if (version.Length == 0)
                errors.Add(FieldError.Forbidden(Match, $"{Match} is forbidden unless resourceVersion is provided"));
            if (query["continue"].ToString().Length > 0)
                errors.Add(FieldError.Forbidden(Match, $"{Match} is forbidden when continue is provided"));
            if (match is not ("Exact" or NotOlder))
                errors.Add(FieldError.NotSupported(Match, match, "Exact", NotOlder));
            if (match == "Exact" && version == "0")
                errors.Add(FieldError.Forbidden(Match, $"{Match} \"exact\" is forbidden for resourceVersion \"0\""));
        }
        if (query.ContainsKey(WhatExists))
            errors.Add(FieldError.Forbidden(WhatExists, $"{WhatExists} is forbidden for list"));
        Refuse(errors);
    }

    public static void Refuse(List<FieldError> errors)
    {
        if (errors.Count > 0)
            throw ApiException.InvalidOptions(nameof(ListOptions), errors);
    }

    public static bool IsSet(HttpContext http, string parameter) => http.Request.Query[parameter].ToString() is "true" or "1" or "True";
}

/// <summary>What a watch asks for besides its place.</summary>
/// <param name="WhatExists">
/// True: what exists first, then a bookmark that marks its end; false: only changes; null: the older way, what exists first for a watch
/// without a version, and no mark.
/// </param>
internal sealed record WatchOptions(bool? WhatExists)
{
    public static bool AsksForWhatExists(HttpContext http) => ListOptions.IsSet(http, ListOptions.WhatExists);

    /// <param name="isStreaming">False: as a server whose feature gate WatchList is off.</param>
    public static WatchOptions Read(HttpContext http, bool isStreaming)
    {
        var query = http.Request.Query;
        var errors = new List<FieldError>();
        var asked = query.ContainsKey(ListOptions.WhatExists);
        var match = query[ListOptions.Match].ToString();
        if (asked && match != ListOptions.NotOlder)
            errors.Add(FieldError.Forbidden(
                ListOptions.Match, $"{ListOptions.WhatExists} requires setting {ListOptions.Match} to {ListOptions.NotOlder}"));
        if (asked && !isStreaming)
            errors.Add(FieldError.Forbidden(
                ListOptions.WhatExists,
                $"{ListOptions.WhatExists} is forbidden for watch unless the WatchList feature gate is enabled"));
        if (match.Length > 0 && !asked)
            errors.Add(FieldError.Forbidden(
                ListOptions.Match, $"{ListOptions.Match} is forbidden for watch unless {ListOptions.WhatExists} is provided"));
        if (match.Length > 0 && match != ListOptions.NotOlder)
            errors.Add(FieldError.NotSupported(ListOptions.Match, match, ListOptions.NotOlder));
        ListOptions.Refuse(errors);
        return new WatchOptions(asked ? AsksForWhatExists(http) : null);
    }
}

/// <summary>What an injected fault makes of a watch.</summary>
internal enum WatchFate
{
    AsUsual,

    /// <summary>It ends with 410.</summary>
    Expires,

    /// <summary>To ask for what exists is forbidden, as servers before 1.32 do.</summary>
    NotStreamed,

    /// <summary>To ask for what exists means nothing.</summary>
    NotUnderstood,

    /// <summary>It breaks when half of what exists is sent.</summary>
    CutInTheMiddle,
}
