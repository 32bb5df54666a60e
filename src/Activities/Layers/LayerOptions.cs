using System.Globalization;
using Heal.Healing;
using Microsoft.Extensions.Options;

namespace Heal.Activities;

/// <summary>Settings of what ties nodes to virtual machines, section <c>Heal:Layers</c>. Without libvirt hosts or a cluster none
/// matters.</summary>
public sealed class LayerOptions
{
    public const string Section = "Heal:Layers";

    /// <summary>False: nodes and machines know nothing of each other. Default true.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>The domain that a node is, as <c>host/domain</c>, by the node's name. Goes before everything that is found. Default
    /// none.</summary>
    public Dictionary<string, string> Nodes { get; set; } = new(StringComparer.Ordinal);

    /// <summary>
    /// How domains of nodes are called, with <c>{node}</c> for the node's name or <c>{short}</c> for its first part; used when nothing
    /// surer tells. Default none: names prove nothing.
    /// </summary>
    public List<string> DomainNames { get; set; } = [];

    /// <summary>How long it is remembered which domain a node is. Default 5 minutes; 1 s to 1 day.</summary>
    public TimeSpan KeepFor { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a node may take to be ready once its machine is healthy again. Default 5 minutes; 0 to 1 hour.</summary>
    public TimeSpan NodeReadyWithin { get; set; } = TimeSpan.FromMinutes(5);

    internal LayerRules Rules() => new(Nodes, DomainNames);
}

/// <summary>All faults of the settings together, at start.</summary>
internal sealed class LayerOptionsValidator : IValidateOptions<LayerOptions>
{
    private const int MostNames = 20;

    public ValidateOptionsResult Validate(string? name, LayerOptions options)
    {
        var faults = new List<string>();
        Check(options.KeepFor >= TimeSpan.FromSeconds(1) && options.KeepFor <= TimeSpan.FromDays(1), "KeepFor", "1 s to 1 day",
            options.KeepFor);
        Check(options.NodeReadyWithin >= TimeSpan.Zero && options.NodeReadyWithin <= TimeSpan.FromHours(1), "NodeReadyWithin",
            "0 to 1 hour", options.NodeReadyWithin);
        foreach (var (node, domain) in options.Nodes)
        {
            Check(domain.Split('/') is [{ Length: > 0 }, { Length: > 0 }], $"Nodes:{node}", "host/domain", domain);
        }

        foreach (var (node, domain) in options.Nodes.GroupBy(item => item.Value, StringComparer.Ordinal)
            .Where(group => group.Count() > 1).Select(group => (group.Last().Key, group.Key)))
        {
            Check(false, $"Nodes:{node}", "a domain that no other node is", domain);
        }

        Check(options.DomainNames.Count <= MostNames, "DomainNames", $"at most {MostNames} patterns", options.DomainNames.Count);
        foreach (var pattern in options.DomainNames)
        {
            // One without would make every node the same domain.
            Check(pattern.Contains("{node}", StringComparison.Ordinal) || pattern.Contains("{short}", StringComparison.Ordinal),
                "DomainNames", "a name with {node} or {short} in it", pattern);
        }

        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);

        void Check(bool holds, string setting, string expected, object got)
        {
            if (!holds)
            {
                faults.Add(string.Create(
                    CultureInfo.InvariantCulture, $"{LayerOptions.Section}:{setting}: expected {expected}, got '{got}'."));
            }
        }
    }
}
