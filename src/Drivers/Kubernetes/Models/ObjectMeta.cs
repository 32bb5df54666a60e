using System.Text.Json.Nodes;

namespace Heal.Drivers.Kubernetes.Models;

/// <summary>What every object has.</summary>
public sealed record ObjectMeta : KubernetesModel
{
    public string? Name { get; init; }
    public string? Namespace { get; init; }

    /// <summary>Unique over time, unlike the name.</summary>
    public string? Uid { get; init; }

    /// <summary>Changes with every write; opaque.</summary>
    public string? ResourceVersion { get; init; }

    /// <summary>Changes when the wanted state does.</summary>
    public long? Generation { get; init; }
    public DateTimeOffset? CreationTimestamp { get; init; }

    /// <summary>Set when the object is being deleted.</summary>
    public DateTimeOffset? DeletionTimestamp { get; init; }
    public IReadOnlyDictionary<string, string>? Labels { get; init; }
    public IReadOnlyDictionary<string, string>? Annotations { get; init; }
    public IReadOnlyList<OwnerReference>? OwnerReferences { get; init; }
    public IReadOnlyList<string>? Finalizers { get; init; }

    /// <summary>Who last set which field, as the server notes it. Left out of applied bodies.</summary>
    public JsonNode? ManagedFields { get; init; }

    public string? Label(string key) => Labels?.GetValueOrDefault(key);

    public string? Annotation(string key) => Annotations?.GetValueOrDefault(key);

    /// <summary>The owner that controls the object; null when none does.</summary>
    public OwnerReference? ControllerOwner() => OwnerReferences?.FirstOrDefault(o => o.Controller == true);
}

/// <summary>An object that owns this one, in the same namespace or cluster-wide.</summary>
public sealed record OwnerReference : KubernetesModel
{
    public string ApiVersion { get; init; } = string.Empty;
    public string Kind { get; init; } = string.Empty;
    public string Name { get; init; } = string.Empty;
    public string Uid { get; init; } = string.Empty;
    public bool? Controller { get; init; }
}

/// <summary>Points to an object.</summary>
public sealed record ObjectReference : KubernetesModel
{
    public string? ApiVersion { get; init; }
    public string? Kind { get; init; }
    public string? Namespace { get; init; }
    public string? Name { get; init; }
    public string? Uid { get; init; }
    public string? ResourceVersion { get; init; }
    public string? FieldPath { get; init; }
}

/// <summary>One aspect of an object's state, as its controller sees it.</summary>
public sealed record Condition : KubernetesModel
{
    public string Type { get; init; } = string.Empty;

    /// <summary>"True", "False" or "Unknown".</summary>
    public string Status { get; init; } = string.Empty;
    public string? Reason { get; init; }
    public string? Message { get; init; }
    public DateTimeOffset? LastTransitionTime { get; init; }

    [System.Text.Json.Serialization.JsonIgnore]
    public bool IsTrue => Status == "True";
}

/// <summary>Selects objects by their labels.</summary>
public sealed record LabelSelector : KubernetesModel
{
    public IReadOnlyDictionary<string, string>? MatchLabels { get; init; }
    public IReadOnlyList<LabelSelectorRequirement>? MatchExpressions { get; init; }

    /// <summary>As list and watch want it, e.g. "app=shop,tier in (a,b)". Empty selects everything.</summary>
    public override string ToString() => string.Join(',',
        (MatchLabels ?? new Dictionary<string, string>()).Select(l => $"{l.Key}={l.Value}")
        .Concat((MatchExpressions ?? []).Select(e => e.ToString())));
}

/// <summary>One expression of a label selector.</summary>
public sealed record LabelSelectorRequirement : KubernetesModel
{
    public string Key { get; init; } = string.Empty;

    /// <summary>In, NotIn, Exists or DoesNotExist.</summary>
    public string Operator { get; init; } = string.Empty;
    public IReadOnlyList<string>? Values { get; init; }

    public override string ToString() => Operator switch
    {
        "Exists" => Key,
        "DoesNotExist" => "!" + Key,
        "In" => $"{Key} in ({string.Join(',', Values ?? [])})",
        "NotIn" => $"{Key} notin ({string.Join(',', Values ?? [])})",
        _ => throw new InvalidOperationException(
            $"Label selector operator: expected In, NotIn, Exists or DoesNotExist, got '{Operator}'."),
    };
}
