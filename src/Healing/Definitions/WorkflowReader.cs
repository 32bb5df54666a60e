using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Newtonsoft.Json.Linq;
using NJsonSchema;
using NJsonSchema.Validation;

namespace Heal.Healing;

/// <summary>Reads one workflow file: YAML, then the JSON schema, then the rules that a schema cannot say.</summary>
internal sealed class WorkflowReader
{
    private readonly JsonSchema _schema = LoadSchema();

    public WorkflowFile Read(string file, string text, IReadOnlyList<ActionDescriptor> actions)
    {
        if (text.Length > WorkflowCatalogue.MaxFileLength)
        {
            return new WorkflowFile(file, null, [new WorkflowFault(
                file, 1, 1, "", $"expected at most {WorkflowCatalogue.MaxFileLength} characters, got {text.Length}")], null);
        }

        var document = YamlDocumentReader.Read(file, text);
        if (document.Root is not { } root) return new WorkflowFile(file, null, document.Faults, document);

        var faults = Flatten(_schema.Validate(root))
            .Select(error =>
                document.Fault(PathOf(error), Explain(error, root), error.Kind == ValidationErrorKind.NoAdditionalPropertiesAllowed))
            .ToList();
        if (faults.Count > 0) return new WorkflowFile(file, null, faults, document);

        var definition = Build(root, text);
        faults.AddRange(WorkflowRules.Check(definition, root, actions).Select(fault => document.Fault(fault.Path, fault.Message)));
        return new WorkflowFile(file, faults.Count == 0 ? definition : null, faults, document);
    }

    private static IEnumerable<ValidationError> Flatten(IEnumerable<ValidationError> errors) =>
        errors.SelectMany(error => error is ChildSchemaValidationError child ? Flatten(child.Errors.SelectMany(e => e.Value)) : [error]);

    private static string PathOf(ValidationError error) => (error.Path ?? "").TrimStart('#').TrimStart('/');

    private static string Explain(ValidationError error, JObject root)
    {
        var schema = error.Schema.ActualSchema;
        var path = PathOf(error);
        switch (error.Kind)
        {
            case ValidationErrorKind.PropertyRequired:
                var wanted = schema.ActualProperties.TryGetValue(error.Property ?? "", out var property)
                    ? property.ActualSchema.Description : null;
                return $"expected {wanted ?? $"'{error.Property}'"}, got nothing";
            case ValidationErrorKind.NoAdditionalPropertiesAllowed:
                return $"'{SafeText.Line(error.Property, 60)}' is not known here; "
                    + $"expected one of {string.Join(", ", schema.ActualProperties.Keys)}";
            default:
                return $"expected {schema.Description ?? error.Kind.ToString()}, got {Show(root.SelectToken(path))}";
        }
    }

    private static string Show(JToken? value) => value switch
    {
        null or { Type: JTokenType.Null } => "nothing",
        JObject => "a mapping",
        JArray items => $"a list of {items.Count}",
        { Type: JTokenType.String } => $"'{SafeText.Line((string?)value, 60)}'",
        _ => Convert.ToString(((JValue)value).Value, CultureInfo.InvariantCulture) ?? "",
    };

    private static WorkflowDefinition Build(JObject root, string text)
    {
        var limits = (JObject)root["limits"]!;
        var approval = (JObject)root["approval"]!;
        var escalation = (JObject)root["escalation"]!;
        return new WorkflowDefinition(
            (string)root["name"]!,
            (string)root["version"]!,
            (string)root["description"]!,
            [.. root["alerts"]!.Select(alert => new AlertMatcher((string)alert["name"]!, Strings(alert["aliases"]), Map(alert["labels"])))],
            new WorkflowLimits(Risk(limits["maxRisk"]!), (int)limits["maxActions"]!, Time(limits["coolDown"]) ?? TimeSpan.Zero)
            {
                CoolDownFrom = (int?)limits["coolDownFrom"] ?? 1,
            },
            new ApprovalSetting(approval["from"] is { } from ? Risk(from) : null, Time(approval["timeout"]) ?? TimeSpan.Zero),
            [.. root["actions"]!.Select(BuildAction)],
            new EscalationSetting((string)escalation["to"]!, (string?)escalation["message"] ?? ""),
            Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 8)))
        {
            AlertProves = (string?)root["alertProves"],
        };
    }

    private static WorkflowAction BuildAction(JToken action)
    {
        var verification = action["verification"] is JObject setting
            ? new VerificationSetting(
                Time(setting["stableFor"]) ?? WorkflowDefaults.StableFor,
                Time(setting["timeout"]) ?? TimeSpan.Zero,
                Time(setting["pollEvery"]) ?? WorkflowDefaults.PollEvery)
            : null;
        return new WorkflowAction(
            (string)action["id"]!,
            Strings(action["causes"]),
            (double?)action["minConfidence"] ?? WorkflowDefaults.MinConfidence,
            Time(action["timeout"]) ?? TimeSpan.Zero,
            Map(action["parameters"]),
            verification);
    }

    private static IReadOnlyList<string> Strings(JToken? items) => items is null ? [] : [.. items.Select(item => (string)item!)];

    private static Dictionary<string, string> Map(JToken? fields) => fields is JObject map
        ? map.Properties().ToDictionary(p => p.Name, p => Text((JValue)p.Value), StringComparer.Ordinal)
        : [];

    private static string Text(JValue value) => value.Value is bool flag ? flag ? "true" : "false"
        : Convert.ToString(value.Value, CultureInfo.InvariantCulture) ?? "";

    private static TimeSpan? Time(JToken? text) =>
        text is null ? null : Duration.TryParse((string?)text, out var time) ? time : TimeSpan.Zero;

    private static RiskClass Risk(JToken text) => Enum.Parse<RiskClass>((string)text!);

    private static JsonSchema LoadSchema()
    {
        using var stream = typeof(WorkflowReader).Assembly.GetManifestResourceStream("workflow.schema.json")!;
        using var reader = new StreamReader(stream);
#pragma warning disable MA0042, MA0045 // Text in memory without references to other files: nothing is awaited in there.
        return JsonSchema.FromJsonAsync(reader.ReadToEnd()).GetAwaiter().GetResult();
#pragma warning restore MA0042, MA0045
    }
}

/// <summary>One file, read. Exactly one of definition and faults has content.</summary>
internal sealed record WorkflowFile(
    string File, WorkflowDefinition? Definition, IReadOnlyList<WorkflowFault> Faults, YamlDocumentReader? Document);

/// <summary>What a workflow file may leave out.</summary>
public static class WorkflowDefaults
{
    /// <summary>The least confidence of a hypothesis that an action is taken on.</summary>
    public const double MinConfidence = 0.6;

    /// <summary>How long the target must stay healthy without a break.</summary>
    public static readonly TimeSpan StableFor = TimeSpan.FromSeconds(30);

    /// <summary>How long it may take until then, for actions without a verification of their own.</summary>
    public static readonly TimeSpan VerificationTimeout = TimeSpan.FromMinutes(5);

    /// <summary>Between two looks.</summary>
    public static readonly TimeSpan PollEvery = TimeSpan.FromSeconds(5);
}
