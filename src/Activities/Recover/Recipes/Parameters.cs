using System.Globalization;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>Typed reads of checked parameters, and the declarations that several actions share.</summary>
internal static class Parameters
{
    public static readonly ActionParameter Container = new(
        "container", ParameterKind.Text, "", null, null, "Which container; empty: the one whose fault is proven.");

    public static readonly ActionParameter MinHealthy = new(
        "minHealthyPercent", ParameterKind.Number, "51", "1", "100",
        "Percent of all nodes that must stay ready and schedulable without this one.");

    public static int Number(this IReadOnlyDictionary<string, string> parameters, string name) =>
        int.Parse(parameters[name], CultureInfo.InvariantCulture);

    public static TimeSpan Span(this IReadOnlyDictionary<string, string> parameters, string name) => Duration.Parse(parameters[name]);

    public static bool Flag(this IReadOnlyDictionary<string, string> parameters, string name) => parameters[name] == "true";

    public static decimal Amount(this IReadOnlyDictionary<string, string> parameters, string name) =>
        Amounts.Parse(parameters[name]) ?? throw new FormatException($"Parameter '{name}': expected an amount, got '{parameters[name]}'.");

    public static string? Given(this IReadOnlyDictionary<string, string> parameters, string name) =>
        parameters.TryGetValue(name, out var value) && value.Length > 0 ? value : null;

    public static ActionParameter TimeLimit(string standard) => new(
        "ttl", ParameterKind.Duration, standard, "1m", "24h", "After this the inverse comes by itself, whatever became of the incident.");
}

/// <summary>Rules that several actions need.</summary>
internal static class Rules
{
    public static readonly PermissionRule ReadPods = new("", "pods", ["list"]);
    public static readonly PermissionRule ReadNodes = new("", "nodes", ["list"]);
    public static readonly PermissionRule ReadQuotas = new("", "resourcequotas", ["list"]);
    public static readonly PermissionRule ReadReplicaSets = new("apps", "replicasets", ["list"]);
    public static readonly PermissionRule ReadAutoscalers = new("autoscaling", "horizontalpodautoscalers", ["list"]);

    public static PermissionRule Change(string group, string resource) => new(group, resource, ["get", "patch"]);

    public static IReadOnlyList<PermissionRule> ChangeWorkloads(params IReadOnlyList<string> resources) =>
        [.. resources.Select(resource => Change("apps", resource))];
}
