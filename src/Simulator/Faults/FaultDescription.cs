using System.Text.Json;
using System.Text.Json.Serialization;
using Heal.Simulator.Objects;

namespace Heal.Simulator.Faults;

/// <summary>
/// What goes wrong, and where. Exactly one effect is given: <see cref="Crash"/>, <see cref="Memory"/>, <see cref="NeverReady"/>
/// for pods that <see cref="Match"/> describes, or <see cref="Api"/> for the API server itself.
/// </summary>
public sealed record FaultDescription
{
    /// <summary>Under this name it is listed and removed; a fault of the same name is replaced. Made up when empty.</summary>
    public string Name { get; init; } = "";

    /// <summary>Which containers; a part that is not given matches all of them.</summary>
    public FaultMatch Match { get; init; } = new();

    public CrashEffect? Crash { get; init; }
    public MemoryEffect? Memory { get; init; }
    public NeverReadyEffect? NeverReady { get; init; }
    public ApiEffect? Api { get; init; }

    internal static readonly JsonSerializerOptions JsonOptions = new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        WriteIndented = false,
    };

    /// <summary>What is wrong with the description, or null.</summary>
    internal string? Problem()
    {
        var effects = new object?[] { Crash, Memory, NeverReady, Api }.Count(e => e is not null);
        if (effects != 1)
            return $"expected exactly one of crash, memory, neverReady, api; got {effects}";
        if (Match.Value is not null && Match.ConfigMapKey is null)
            return "match.value needs match.configMapKey";
        if (Memory is { } memory && Quantity.Parse(memory.Needs) is null)
            return $"memory.needs: expected a quantity such as 256Mi, got '{memory.Needs}'";
        return Api?.Problem();
    }
}

/// <summary>Conditions that a container must meet, all of them. Texts are globs (<c>*</c>).</summary>
public sealed record FaultMatch
{
    public string? Namespace { get; init; }
    public string? Image { get; init; }
    public string? Container { get; init; }
    public IReadOnlyDictionary<string, string>? PodLabels { get; init; }

    /// <summary>A ConfigMap that the container mounts, or reads into its environment.</summary>
    public string? ConfigMap { get; init; }

    /// <summary>A key that the container gets from such a ConfigMap.</summary>
    public string? ConfigMapKey { get; init; }

    /// <summary>The value of that key; surrounding white space does not count.</summary>
    public string? Value { get; init; }
}

/// <summary>The container ends by itself.</summary>
/// <param name="AfterSeconds">Simulated seconds from its start.</param>
/// <param name="Log">Last lines of its output.</param>
/// <param name="Reason">Of the terminated state; Error, or Completed with exit code 0, when not given.</param>
public sealed record CrashEffect(int ExitCode = 1, double AfterSeconds = 1, string Log = "", string? Reason = null);

/// <summary>The container needs more memory than that: it is OOMKilled (137) when its limit is lower.</summary>
public sealed record MemoryEffect(string Needs, double AfterSeconds = 1);

/// <summary>The container runs but its readiness probe fails for ever.</summary>
public sealed record NeverReadyEffect(string Message = "HTTP probe failed with statuscode: 503");

/// <summary>
/// The API server misbehaves. <c>latency</c>: answers later by <see cref="LatencySeconds"/>; <c>status</c>: answers <see cref="Status"/>;
/// <c>forbid</c>: 403 in the words of the authorizer; <c>hang</c>: never answers; <c>expireWatches</c>: the next watches end with 410;
/// <c>dropWatches</c>: open watches are cut once, now. Of watches that ask for what exists (sendInitialEvents): <c>refuseStreams</c>: 422,
/// as servers before 1.32 do; <c>ignoreStreams</c>: the parameters mean nothing, as to servers before 1.19; <c>cutStreams</c>: the
/// connection breaks when half of what exists is sent.
/// </summary>
/// <param name="Count">Requests that it hits; 0: all of them until the fault is removed.</param>
/// <param name="Path">A glob over the path.</param>
/// <param name="Reason">Of the answered Status; null: the one that goes with its number.</param>
/// <param name="Message">Of the answered Status, for example the words of an admission policy.</param>
public sealed record ApiEffect(
    string Action, int Status = 503, int? RetryAfterSeconds = null, double LatencySeconds = 0, int Count = 0,
    string? Method = null, string? Path = null, string? Reason = null, string? Message = null)
{
    private static readonly string[] Actions =
    [
        "latency", "status", "forbid", "hang", "expireWatches", "dropWatches", "refuseStreams", "ignoreStreams", "cutStreams",
    ];

    /// <summary>Whether it concerns a request of that kind at all.</summary>
    internal bool Concerns(bool isWatch, bool isStream) => Action switch
    {
        "expireWatches" => isWatch,
        "refuseStreams" or "ignoreStreams" or "cutStreams" => isStream,
        _ => true,
    };

    internal string? Problem()
    {
        if (!Actions.Contains(Action))
            return $"api.action: expected {string.Join(", ", Actions.SkipLast(1))} or {Actions[^1]}; got '{Action}'";
        if (Action == "status" && Status is not (>= 400 and <= 599))
            return $"api.status: expected 400 to 599; got {Status}";
        if (Count < 0)
            return $"api.count: expected 0 or more; got {Count}";
        return LatencySeconds is < 0 or > 3600 ? $"api.latencySeconds: expected 0 to 3600; got {LatencySeconds}" : null;
    }
}
