using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Heal.Healing;
using Microsoft.Extensions.Options;

namespace Heal.Activities;

/// <summary>
/// Power of nodes by Redfish (DMTF DSP0266), which management controllers of servers and emulators of virtual ones speak: the system's
/// PowerState, and its action ComputerSystem.Reset with ForceOff and On.
/// </summary>
internal sealed class RedfishPower(HttpClient http, IOptionsMonitor<FencingOptions> options) : INodePower
{
    /// <summary>Of one call.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(15);

    public async Task<PowerState?> ReadAsync(string node, CancellationToken cancellationToken)
    {
        if (!options.CurrentValue.Nodes.TryGetValue(node, out var controller)) return null;
        var system = await SendAsync(node, controller, HttpMethod.Get, "", null, cancellationToken);
        return system.Text("PowerState") switch
        {
            "On" => PowerState.On,
            "Off" => PowerState.Off,
            "PoweringOn" or "PoweringOff" => PowerState.Changing,
            var other => throw new NodePowerException(node, $"expected a PowerState, got '{SafeText.Line(other, 40)}'"),
        };
    }

    public async Task SwitchAsync(string node, bool on, CancellationToken cancellationToken)
    {
        if (!options.CurrentValue.Nodes.TryGetValue(node, out var controller))
        {
            throw new NodePowerException(node, $"setting {FencingOptions.Section}:Nodes does not have it");
        }

        var body = new JsonObject { ["ResetType"] = on ? "On" : "ForceOff" };
        await SendAsync(node, controller, HttpMethod.Post, "/Actions/ComputerSystem.Reset", body, cancellationToken);
    }

    private async Task<JsonObject?> SendAsync(
        string node, FencingController controller, HttpMethod method, string path, JsonObject? body, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Timeout);
        try
        {
            using var request = new HttpRequestMessage(method, new Uri(controller.System!.ToString().TrimEnd('/') + path));
            if (body is not null) request.Content = JsonContent.Create(body);
            var password = controller.PasswordFile is { } file ? (await File.ReadAllTextAsync(file, limit.Token)).Trim() : "";
            if (controller.User.Length > 0)
            {
                request.Headers.Authorization = new AuthenticationHeaderValue(
                    "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{controller.User}:{password}")));
            }

            using var answer = await http.SendAsync(request, limit.Token);
            if (!answer.IsSuccessStatusCode) throw new NodePowerException(node, $"its controller answered {(int)answer.StatusCode}");
            var text = await answer.Content.ReadAsStringAsync(limit.Token);
            return text.Length == 0 ? null : JsonNode.Parse(text) as JsonObject;
        }
        catch (Exception e) when (e is HttpRequestException or JsonException or IOException or UnauthorizedAccessException)
        {
            throw new NodePowerException(node, SafeText.Line(e.Message, EvidenceLimits.MessageLength));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new NodePowerException(node, $"its controller did not answer within {Timeout.TotalSeconds} s");
        }
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
