using Microsoft.Extensions.Options;

namespace Heal.Activities;

/// <summary>Power of nodes by Redfish, at the controllers that the settings name.</summary>
internal sealed class RedfishPower(HttpClient http, IOptionsMonitor<FencingOptions> options) : INodePower
{
    private readonly RedfishSystem _systems = new(http);

    public async Task<PowerState?> ReadAsync(string node, CancellationToken cancellationToken) =>
        options.CurrentValue.Nodes.TryGetValue(node, out var controller)
            ? await _systems.ReadAsync(node, controller, cancellationToken) : null;

    public async Task SwitchAsync(string node, bool on, CancellationToken cancellationToken)
    {
        if (!options.CurrentValue.Nodes.TryGetValue(node, out var controller))
        {
            throw new NodePowerException(node, $"setting {FencingOptions.Section}:Nodes does not have it");
        }

        await _systems.SwitchAsync(node, controller, on, cancellationToken);
    }
}

/// <summary>Settings of fencing, section <c>Heal:Fencing</c>: which management controller has the power of which node.</summary>
public sealed class FencingOptions
{
    public const string Section = "Heal:Fencing";

    /// <summary>By the node's name in Kubernetes. Default: none, and no node is fenced.</summary>
    public Dictionary<string, FencingController> Nodes { get; set; } = new(StringComparer.Ordinal);
}

/// <summary>Where a node's power is switched.</summary>
public sealed class FencingController
{
    /// <summary>The Redfish URL of the system, for example https://bmc-7/redfish/v1/Systems/1.</summary>
    public Uri? System { get; set; }

    /// <summary>User of HTTP basic authentication; empty: none.</summary>
    public string User { get; set; } = "";

    /// <summary>A file with the password, read anew for each call.</summary>
    public string? PasswordFile { get; set; }
}

/// <summary>All faults of the settings together, at start.</summary>
internal sealed class FencingOptionsValidator : IValidateOptions<FencingOptions>
{
    public ValidateOptionsResult Validate(string? name, FencingOptions options)
    {
        var faults = options.Nodes
            .Where(node => node.Value.System is not { IsAbsoluteUri: true, Scheme: "http" or "https" })
            .Select(node => $"{FencingOptions.Section}:Nodes:{node.Key}:System: expected an http or https URL of a Redfish system, got "
                + $"'{node.Value.System}'.").ToList();
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }
}
