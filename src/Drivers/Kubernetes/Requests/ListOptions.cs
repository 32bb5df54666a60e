using Heal.Drivers.Kubernetes.Models;

namespace Heal.Drivers.Kubernetes;

/// <summary>What a list returns. Default: everything, 500 objects per page.</summary>
public sealed record ListOptions
{
    /// <summary>E.g. "app=shop,tier!=cache".</summary>
    public string? LabelSelector { get; init; }

    /// <summary>E.g. "status.phase=Running"; escape foreign values with <see cref="FieldSelector.Escape"/>.</summary>
    public string? FieldSelector { get; init; }

    /// <summary>Stops after this many objects; null: all. What is left off shows in <see cref="KubernetesList{T}.IsTruncated"/>.</summary>
    public int? Limit { get; init; }

    /// <summary>Objects per request. Default 500.</summary>
    public int PageSize { get; init; } = 500;

    /// <summary>
    /// Takes the list from the API server's memory instead of the newest of its storage: moments old as a rule, as everything is that a
    /// watch shows. For a list with a selector older servers (before 1.31) read and decode the whole namespace from storage, and from
    /// their memory they do not. It comes in one page there, whatever the page size. Default false.
    /// </summary>
    public bool FromServerCache { get; init; }

    /// <summary>What to leave out of the objects; null: nothing.</summary>
    public ObjectTrim? Trim { get; init; }

    /// <summary>Only metadata, as the server cuts it: for kinds whose content must not be read or is large. Default false.</summary>
    public bool MetadataOnly { get; init; }

    /// <summary>Each page alone may have <see cref="KubernetesClientOptions.MaxResponseBytes"/>, instead of all together.</summary>
    internal bool LimitPerPage { get; init; }
}

/// <summary>The result of a list.</summary>
/// <param name="ResourceVersion">The version of the snapshot; a watch may start from it.</param>
/// <param name="IsTruncated">True when <see cref="ListOptions.Limit"/> left objects off.</param>
public sealed record KubernetesList<T>(IReadOnlyList<T> Items, string ResourceVersion, bool IsTruncated) where T : KubernetesObject;

/// <summary>Helps to write field selectors.</summary>
public static class FieldSelector
{
    /// <summary>Makes a value safe inside a field selector, whatever it contains.</summary>
    public static string Escape(string value) => value
        .Replace("\\", "\\\\", StringComparison.Ordinal)
        .Replace(",", "\\,", StringComparison.Ordinal)
        .Replace("=", "\\=", StringComparison.Ordinal);
}
