using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>
/// One field of an object before and after. A step of the path is a name, or "[name=app,...]" for the item of a list with these values.
/// </summary>
/// <param name="Old">Null when the field was not there.</param>
/// <param name="New">Null to remove it.</param>
internal sealed record FieldChange(IReadOnlyList<string> Path, JsonNode? Old, JsonNode? New)
{
    private const int Shown = 120;

    /// <summary>A change from what is there now. What it must make on the way to the field is part of it, and goes with its
    /// inverse.</summary>
    public static FieldChange Of(JsonObject live, JsonNode? value, params IReadOnlyList<string> path)
    {
        for (var length = 1; length < path.Count; length++)
        {
            var rest = path.Skip(length).ToList();
            if (rest.Any(step => step.StartsWith('['))) break;
            if (Read(live, [.. path.Take(length)]) is not null) continue;
            var made = value;
            for (var i = rest.Count - 1; i >= 0; i--) made = new JsonObject { [rest[i]] = made };
            return new FieldChange([.. path.Take(length)], null, value is null ? null : made);
        }

        return new FieldChange(path, Read(live, path)?.DeepClone(), value);
    }

    public FieldChange Inverse() => new(Path, New?.DeepClone(), Old?.DeepClone());

    public bool IsOld(JsonObject live) => Same(Read(live, Path), Old);

    public bool IsNew(JsonObject live) => Same(Read(live, Path), New);

    /// <summary>The value at a path; null when it is not there.</summary>
    public static JsonNode? Read(JsonObject live, IReadOnlyList<string> path)
    {
        JsonNode? node = live;
        foreach (var step in path)
        {
            node = node switch
            {
                JsonArray items when Selector(step) is { } wanted => items.FirstOrDefault(item => Matches(item, wanted)),
                JsonObject fields when fields.TryGetPropertyValue(step, out var child) => child,
                _ => null,
            };
        }

        return node;
    }

    /// <summary>The JSON patch that makes it so, for an object that looks like this.</summary>
    /// <returns>Null when the way to the field is not there any more.</returns>
    public IReadOnlyList<JsonPatchOperation>? Operations(JsonObject live)
    {
        var operations = new List<JsonPatchOperation>();
        var pointer = new List<string>();
        JsonNode? node = live;
        for (var i = 0; i < Path.Count; i++)
        {
            var (step, last) = (Path[i], i == Path.Count - 1);
            if (Selector(step) is { } wanted)
            {
                var items = node as JsonArray;
                var index = items is null ? -1 : items.IndexOf(items.FirstOrDefault(item => Matches(item, wanted)));
                if (index < 0 && !last) return null;
                if (last) return Item(operations, pointer, items, index);
                pointer.Add(index.ToString(CultureInfo.InvariantCulture));
                node = items![index];
                continue;
            }

            var child = (node as JsonObject)?[step];
            pointer.Add(step);
            if (last)
            {
                if (New is not null) operations.Add(JsonPatchOperation.Add(JsonPatchOperation.PathTo(pointer), New.DeepClone()));
                else if (child is not null) operations.Add(JsonPatchOperation.Remove(JsonPatchOperation.PathTo(pointer)));
                return operations;
            }

            if (child is null)
            {
                child = Selector(Path[i + 1]) is null ? new JsonObject() : new JsonArray();
                operations.Add(JsonPatchOperation.Add(JsonPatchOperation.PathTo(pointer), child.DeepClone()));
            }

            node = child;
        }

        return operations;
    }

    public string Describe() => $"{string.Join('.', Path)}: {Side(Old)} -> {Side(New)}";

    /// <summary>Equal as Kubernetes reads it: amounts by value, an absent list or map like an empty one.</summary>
    public static bool Same(JsonNode? left, JsonNode? right)
    {
        if (left is JsonObject ours && right is JsonObject theirs)
        {
            return ours.Select(field => field.Key).Union(theirs.Select(field => field.Key)).All(name => Same(ours[name], theirs[name]));
        }

        if (left is JsonArray mine && right is JsonArray other)
        {
            return mine.Count == other.Count && mine.Zip(other).All(pair => Same(pair.First, pair.Second));
        }

        if (left is null || right is null) return IsNothing(left) && IsNothing(right);
        return JsonNode.DeepEquals(left, right) || Amounts.Same(left.Scalar(), right.Scalar());
    }

    private static bool IsNothing(JsonNode? node) => node is null or JsonObject { Count: 0 } or JsonArray { Count: 0 };

    private List<JsonPatchOperation> Item(
        List<JsonPatchOperation> operations, List<string> pointer, JsonArray? items, int index)
    {
        var at = JsonPatchOperation.PathTo(pointer.Append(index < 0 ? "-" : index.ToString(CultureInfo.InvariantCulture)));
        if (New is null)
        {
            if (index >= 0) operations.Add(JsonPatchOperation.Remove(at));
        }
        else if (index >= 0)
        {
            operations.Add(JsonPatchOperation.Replace(at, New.DeepClone()));
        }
        else
        {
            if (items is null && operations.Count == 0)
            {
                operations.Add(JsonPatchOperation.Add(JsonPatchOperation.PathTo(pointer), new JsonArray()));
            }

            operations.Add(JsonPatchOperation.Add(at, New.DeepClone()));
        }

        return operations;
    }

    private static IReadOnlyList<(string Name, string Value)>? Selector(string step)
    {
        if (!step.StartsWith('[') || !step.EndsWith(']')) return null;
        return [.. step[1..^1].Split(',').Select(part => part.Split('=', 2)).Where(part => part.Length == 2)
            .Select(part => (part[0], part[1]))];
    }

    private static bool Matches(JsonNode? item, IReadOnlyList<(string Name, string Value)> wanted) =>
        wanted.Count > 0 && wanted.All(pair => (item.Scalar(pair.Name) ?? "") == pair.Value);

    private static string Side(JsonNode? value) => value switch
    {
        null => "nothing",
        JsonValue text when text.GetValueKind() == JsonValueKind.String => SafeText.Line(Scrubber.Scrub(text.GetValue<string>()), Shown),
        _ => SafeText.Line(Scrubber.Scrub(value.ToJsonString()), Shown),
    };
}
