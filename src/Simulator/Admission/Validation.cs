using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Heal.Simulator.Api;
using Heal.Simulator.Objects;

namespace Heal.Simulator.Admission;

/// <summary>
/// The basic rules of the built-in types. A field of a wrong JSON type is 400, a broken rule is 422 with one cause per fault.
/// Fields that no controller here reads are not checked.
/// </summary>
internal static partial class Validation
{
    public static void Check(ResourceType type, JsonObject o, JsonObject? old, string subresource = "")
    {
        Types(type, o);
        var errors = new List<FieldError>();
        Meta(type, o, errors);
        switch (type.Kind)
        {
            case "Pod" when subresource != "resize": Pod(o, old, errors); break;
            case "Deployment" or "ReplicaSet" or "StatefulSet" or "DaemonSet": Workload(o, old, errors); break;
            case "Service": Service(o, errors); break;
            case "PodDisruptionBudget": Budget(o, errors); break;
        }
        if (errors.Count > 0)
            throw ApiException.Invalid(type, o.Name(), errors);
    }

    private static void Types(ResourceType type, JsonObject o)
    {
        Expect(type, o, JsonValueKind.Object, ["metadata"], ["spec"], ["status"], ["metadata", "labels"], ["metadata", "annotations"]);
        if (type.Kind is not ("Event" or "ControllerRevision"))
            Expect(type, o, JsonValueKind.Object, ["data"]);
        Expect(type, o, JsonValueKind.Number, ["spec", "replicas"], ["spec", "minReadySeconds"], ["spec", "progressDeadlineSeconds"]);
        Expect(type, o, JsonValueKind.Array,
            ["metadata", "finalizers"], ["metadata", "ownerReferences"], ["spec", "template", "spec", "containers"]);
        var texts = type.Kind is "ConfigMap" or "Secret" ? "data" : "metadata/labels";
        foreach (var path in new[] { "metadata/labels", "metadata/annotations", texts })
        {
            foreach (var (name, value) in o.Object(path.Split('/')) ?? [])
                Expect(type, value, JsonValueKind.String, $"{path.Replace('/', '.')}.{name}");
        }
    }

    private static void Expect(ResourceType type, JsonObject o, JsonValueKind kind, params string[][] paths)
    {
        foreach (var path in paths)
        {
            if (o.At(path) is { } value)
                Expect(type, value, kind, string.Join('.', path));
        }
    }

    private static void Expect(ResourceType type, JsonNode? value, JsonValueKind kind, string field)
    {
        var got = value?.GetValueKind() ?? JsonValueKind.Null;
        if (got != kind)
            throw ApiException.BadRequest($"{type.Kind} in version \"{type.Version}\" cannot be handled as a {type.Kind}: "
                + $"json: cannot unmarshal {Describe(got)} into field {field}, expected {Describe(kind)}");
    }

    private static string Describe(JsonValueKind kind) =>
        kind is JsonValueKind.True or JsonValueKind.False ? "bool" : kind.ToString().ToLowerInvariant();

    private static void Meta(ResourceType type, JsonObject o, List<FieldError> errors)
    {
        var name = o.Name();
        if (name.Length == 0)
            errors.Add(FieldError.Required("metadata.name", "name or generateName is required"));
        else if (name.Length > 253 || !Subdomain().IsMatch(name))
            errors.Add(FieldError.Invalid(
                "metadata.name", name, "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, "
                + "'-' or '.', and must start and end with an alphanumeric character"));
        else if (type.Kind is "Namespace" or "Service" && (name.Length > 63 || name.Contains('.')))
            errors.Add(FieldError.Invalid("metadata.name", name, "a DNS-1035 label must have at most 63 characters and no dots"));
        Labels(o.Object("metadata", "labels"), "metadata.labels", errors);
    }

    private static void Labels(JsonObject? labels, string field, List<FieldError> errors)
    {
        foreach (var (key, value) in labels.Texts())
        {
            if (!LabelKey().IsMatch(key))
                errors.Add(FieldError.Invalid(field, key, "name part must consist of alphanumeric characters, '-', '_' or '.'"));
            if (!LabelValue().IsMatch(value))
                errors.Add(FieldError.Invalid(field, value, "a valid label must be an empty string or consist of alphanumeric characters, "
                    + "'-', '_' or '.', and must start and end with an alphanumeric character"));
        }
    }

    private static void Workload(JsonObject o, JsonObject? old, List<FieldError> errors)
    {
        var spec = o["spec"] as JsonObject ?? [];
        if (spec.Number("replicas") < 0)
            errors.Add(FieldError.Invalid("spec.replicas", spec["replicas"], "must be greater than or equal to 0"));
        if (spec["selector"] is not JsonObject selector)
            errors.Add(FieldError.Required("spec.selector"));
        else if (!LabelSelector.FromObject(selector).MatchesLabels(spec.Object("template", "metadata", "labels")))
            errors.Add(FieldError.Invalid("spec.template.metadata.labels", spec.At("template", "metadata", "labels"),
                "`selector` does not match template `labels`"));
        if (old is not null && !JsonAccess.Same(old.At("spec", "selector"), spec["selector"]))
            errors.Add(FieldError.Invalid("spec.selector", spec["selector"], "field is immutable"));
        PodSpec(spec.Object("template", "spec"), "spec.template.spec", errors);
        if (spec.Text("strategy", "type") is { } strategy and not ("RollingUpdate" or "Recreate"))
            errors.Add(FieldError.NotSupported("spec.strategy.type", strategy, "Recreate", "RollingUpdate"));
        if (spec.Text("strategy", "type") == "Recreate" && spec.At("strategy", "rollingUpdate") is not null)
            errors.Add(FieldError.Forbidden("spec.strategy.rollingUpdate", "may not be specified when strategy `type` is 'Recreate'"));
    }

    private static void Pod(JsonObject o, JsonObject? old, List<FieldError> errors)
    {
        PodSpec(o.Object("spec"), "spec", errors);
        if (old is null || JsonAccess.Same(Fixed(o), Fixed(old)))
            return;
        errors.Add(FieldError.Forbidden("spec", "pod updates may not change fields other than `spec.containers[*].image`, "
            + "`spec.initContainers[*].image`, `spec.activeDeadlineSeconds`, `spec.tolerations` (only additions to existing tolerations)"));
    }

    private static JsonObject Fixed(JsonObject pod)
    {
        var spec = pod.Object("spec")?.Copy() ?? [];
        foreach (var free in new[] { "activeDeadlineSeconds", "tolerations", "nodeName", "terminationGracePeriodSeconds" })
            spec.Remove(free);
        foreach (var container in spec.Items("containers").Concat(spec.Items("initContainers")))
            container.Remove("image");
        return spec;
    }

    private static void PodSpec(JsonObject? spec, string field, List<FieldError> errors)
    {
        var containers = spec.Items("containers").ToList();
        if (containers.Count == 0)
            errors.Add(FieldError.Required($"{field}.containers"));
        var names = new HashSet<string>(StringComparer.Ordinal);
        var volumes = spec.Items("volumes").Select(v => v.Text("name")).ToHashSet();
        foreach (var (i, container) in containers.Index())
        {
            var at = $"{field}.containers[{i}]";
            var name = container.Text("name");
            if (string.IsNullOrEmpty(name))
                errors.Add(FieldError.Required($"{at}.name"));
            else if (!names.Add(name))
                errors.Add(FieldError.Duplicate($"{at}.name", name));
            if (string.IsNullOrEmpty(container.Text("image")))
                errors.Add(FieldError.Required($"{at}.image"));
            foreach (var (m, mount) in container.Items("volumeMounts").Index())
            {
                if (!volumes.Contains(mount.Text("name")))
                    errors.Add(new FieldError("FieldValueNotFound",
                        $"{at}.volumeMounts[{m}].name", $"Not found: \"{mount.Text("name")}\""));
            }
        }
        if (spec.Text("restartPolicy") is { } policy and not ("Always" or "OnFailure" or "Never"))
            errors.Add(FieldError.NotSupported($"{field}.restartPolicy", policy, "Always", "Never", "OnFailure"));
    }

    private static void Service(JsonObject o, List<FieldError> errors)
    {
        foreach (var (i, port) in o.Items("spec", "ports").Index())
        {
            if (port.Number("port") is not (>= 1 and <= 65535))
                errors.Add(FieldError.Invalid($"spec.ports[{i}].port", port["port"], "must be between 1 and 65535, inclusive"));
        }
    }

    private static void Budget(JsonObject o, List<FieldError> errors)
    {
        if (o.At("spec", "minAvailable") is not null && o.At("spec", "maxUnavailable") is not null)
            errors.Add(FieldError.Invalid("spec", o["spec"], "minAvailable and maxUnavailable cannot be both set"));
    }

    [GeneratedRegex(@"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Subdomain();

    [GeneratedRegex(
        @"^([a-z0-9][-a-z0-9.]*/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture,
        1000)]
    private static partial Regex LabelKey();

    [GeneratedRegex(
        @"^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture,
        1000)]
    private static partial Regex LabelValue();
}
