using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>
/// Makes a silence. Its comment carries the operation's key, by which a retry finds it: one silence, however often it is asked for. It ends
/// by itself, as Alertmanager's own; its inverse ends it earlier.
/// </summary>
internal sealed record SilenceEffect(IReadOnlyDictionary<string, string> Labels, DateTimeOffset EndsAt, string Reason) : Effect
{
    [JsonIgnore]
    public override string Subject => $"silence of {string.Join(", ", Labels.Select(label => $"{label.Key}={label.Value}"))}";

    [JsonIgnore]
    public override bool IsReversible => true;

    public override async Task<Look> LookAsync(ActionTools tools, string key, CancellationToken cancellationToken)
    {
        if (tools.Ports.Silences is not { } silences) return new Look(Sight.Gone, "no Alertmanager is set any more");
        var ours = await silences.OursAsync(cancellationToken);
        if (ours.FirstOrDefault(item => item.Comment.EndsWith(Mark(key), StringComparison.Ordinal)) is not { } silence)
        {
            return Look.NotApplied(null);
        }

        return silence.Ended && silence.EndsAt < EndsAt && tools.Time.GetUtcNow() < EndsAt
            ? new Look(Sight.ChangedByOther, $"somebody ended silence {silence.Id} at {silence.EndsAt:u}")
            : Look.Applied(null, new JsonObject { ["id"] = silence.Id }, $"silence {silence.Id}");
    }

    public override async Task<WriteAnswer> WriteAsync(
        ActionTools tools, string key, Look look, bool dryRun, CancellationToken cancellationToken)
    {
        if (!dryRun) await tools.Ports.Silences!.CreateAsync(Labels, EndsAt, $"{Reason} {Mark(key)}", cancellationToken);
        return WriteAnswer.Taken;
    }

    public override Effect? Inverse(JsonObject post) => post.Text("id") is { } id ? new SilenceEndEffect(id) : null;

    public override IReadOnlyList<string> Describe() => [$"{Subject}: made, until {EndsAt:u}"];

    private static string Mark(string key) => $"[{KubernetesNames.Operation}={SafeText.Line(key, 300)}]";
}

/// <summary>Ends a silence that the healer made. Ended by somebody, or by its time, is ended.</summary>
internal sealed record SilenceEndEffect(string Id) : Effect
{
    [JsonIgnore]
    public override string Subject => $"silence {Id}";

    [JsonIgnore]
    public override bool IsReversible => false;

    public override async Task<Look> LookAsync(ActionTools tools, string key, CancellationToken cancellationToken)
    {
        if (tools.Ports.Silences is not { } silences) return new Look(Sight.Gone, "no Alertmanager is set any more");
        var found = (await silences.OursAsync(cancellationToken)).FirstOrDefault(item => item.Id == Id);
        return found is null or { Ended: true } ? Look.Applied(null) : Look.NotApplied(null);
    }

    public override async Task<WriteAnswer> WriteAsync(
        ActionTools tools, string key, Look look, bool dryRun, CancellationToken cancellationToken)
    {
        if (!dryRun) await tools.Ports.Silences!.EndAsync(Id, cancellationToken);
        return WriteAnswer.Taken;
    }

    public override Effect? Inverse(JsonObject post) => null;

    public override IReadOnlyList<string> Describe() => [$"{Subject}: ended"];
}
