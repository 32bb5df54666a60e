using System.Globalization;
using System.Text.Json.Nodes;

namespace Heal.Healing;

/// <summary>Checks the values of an action's parameters against its declaration: at load of a workflow, and again after a person edited
/// them.</summary>
public static class ActionParameters
{
    private const int LongestText = 200;

    /// <summary>The values given, and the declared defaults for the rest.</summary>
    public static IReadOnlyDictionary<string, string> Complete(ActionDescriptor action, IReadOnlyDictionary<string, string> values) =>
        action.Parameters.ToDictionary(p => p.Name, p => values.GetValueOrDefault(p.Name, p.Default), StringComparer.Ordinal);

    /// <returns>What is wrong, each with the parameter's name; empty when nothing is.</returns>
    public static IReadOnlyList<(string Name, string Fault)> Check(ActionDescriptor action, IReadOnlyDictionary<string, string> values)
    {
        var faults = new List<(string, string)>();
        foreach (var (name, value) in values)
        {
            var declared = action.Parameters.FirstOrDefault(parameter => parameter.Name == name);
            if (declared is null) faults.Add((name, $"expected one of {Names(action)}, got '{SafeText.Line(name, LongestText)}'"));
            else if (Fault(declared, value) is { } fault) faults.Add((name, fault));
        }

        return faults;
    }

    /// <summary>The JSON schema of an action's parameters, as workflow definitions and approvals write them.</summary>
    public static JsonObject Schema(ActionDescriptor action)
    {
        var properties = new JsonObject();
        foreach (var parameter in action.Parameters) properties[parameter.Name] = Schema(parameter);
        return new JsonObject
        {
            ["type"] = "object", ["additionalProperties"] = false, ["properties"] = properties,
        };
    }

    private static JsonObject Schema(ActionParameter parameter)
    {
        var schema = new JsonObject { ["description"] = parameter.Meaning, ["default"] = parameter.Default };
        switch (parameter.Kind)
        {
            case ParameterKind.Number:
                schema["type"] = "integer";
                schema["default"] = Whole(parameter.Default);
                if (parameter.Minimum is not null) schema["minimum"] = Whole(parameter.Minimum);
                if (parameter.Maximum is not null) schema["maximum"] = Whole(parameter.Maximum);
                break;
            case ParameterKind.Flag:
                schema["type"] = "boolean";
                schema["default"] = parameter.Default == "true";
                break;
            case ParameterKind.Duration:
                schema["type"] = "string";
                schema["pattern"] = "^([0-9]+h)?([0-9]+m)?([0-9]+s)?$";
                break;
            default:
                schema["type"] = "string";
                schema["maxLength"] = LongestText;
                break;
        }

        return schema;
    }

    private static string? Fault(ActionParameter parameter, string value)
    {
        switch (parameter.Kind)
        {
            case ParameterKind.Duration:
                if (!Duration.TryParse(value, out var duration))
                {
                    return $"expected a duration such as {parameter.Default}, got '{SafeText.Line(value, LongestText)}'";
                }

                return IsWithin(duration, Bound(parameter.Minimum), Bound(parameter.Maximum)) ? null : OutOfRange(parameter, value);
            case ParameterKind.Number:
                if (!int.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
                {
                    return $"expected a whole number, got '{SafeText.Line(value, LongestText)}'";
                }

                return IsWithin(number, Whole(parameter.Minimum), Whole(parameter.Maximum)) ? null : OutOfRange(parameter, value);
            case ParameterKind.Quantity:
                if (Amounts.Parse(value) is not { } amount)
                {
                    return $"expected an amount such as 250m or 2Gi, got '{SafeText.Line(value, LongestText)}'";
                }

                return IsWithin(amount, Amounts.Parse(parameter.Minimum), Amounts.Parse(parameter.Maximum)) ? null
                    : OutOfRange(parameter, value);
            case ParameterKind.Flag:
                return value is "true" or "false" ? null : $"expected true or false, got '{SafeText.Line(value, LongestText)}'";
            default:
                return value.Length <= LongestText && !value.Any(char.IsControl) ? null
                    : $"expected at most {LongestText} printable characters";
        }
    }

    private static string OutOfRange(ActionParameter parameter, string value) =>
        $"expected {parameter.Minimum ?? "anything"} to {parameter.Maximum ?? "anything"}, got {value}";

    private static bool IsWithin<T>(T value, T? minimum, T? maximum) where T : struct, IComparable<T> =>
        (minimum is null || value.CompareTo(minimum.Value) >= 0) && (maximum is null || value.CompareTo(maximum.Value) <= 0);

    private static TimeSpan? Bound(string? text) => text is null ? null : Duration.Parse(text);

    private static int? Whole(string? text) => text is null ? null : int.Parse(text, CultureInfo.InvariantCulture);

    private static string Names(ActionDescriptor action) =>
        action.Parameters.Count == 0 ? "no parameter at all"
            : string.Join(", ", action.Parameters.Select(parameter => $"'{parameter.Name}'"));
}
