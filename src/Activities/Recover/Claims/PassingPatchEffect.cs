using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Heal.Activities;

/// <summary>
/// A change that a later step of the same operation takes back: scaled down for a moment, say. Once that step has left its key, this one
/// counts as made, though the field is as it was before.
/// </summary>
internal sealed record PassingPatchEffect(PatchEffect Change) : Effect
{
    [JsonIgnore]
    public override string Subject => Change.Subject;

    [JsonIgnore]
    public override bool IsReversible => Change.IsReversible;

    public override async Task<Look> LookAsync(ActionTools tools, string key, CancellationToken cancellationToken)
    {
        var look = await Change.LookAsync(tools, key, cancellationToken);
        if (look.Sight != Sight.NotApplied || look.Live.Annotation(KubernetesNames.Operation) is not { } mark) return look;
        var operation = key[..(key.LastIndexOf('/') + 1)];
        return operation.Length > 0 && mark != key && mark.StartsWith(operation, StringComparison.Ordinal)
            ? Look.Applied(look.Live) : look;
    }

    public override Task<WriteAnswer> WriteAsync(
        ActionTools tools, string key, Look look, bool dryRun, CancellationToken cancellationToken) =>
        Change.WriteAsync(tools, key, look, dryRun, cancellationToken);

    public override Effect Inverse(JsonObject post) => Change.Inverse(post);

    public override IReadOnlyList<string> Describe() => [.. Change.Describe().Select(line => $"{line}, for a moment")];
}
