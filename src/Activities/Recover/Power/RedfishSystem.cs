using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>
/// The power of one machine by Redfish (DMTF DSP0266), which management controllers of servers and emulators of virtual ones speak: the
/// system's PowerState, and its action ComputerSystem.Reset with ForceOff and On.
/// </summary>
internal sealed class RedfishSystem(HttpClient http)
{
    /// <summary>Of one call.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(15);

    private const int MaxAnswerBytes = 1 << 20;

    /// <exception cref="NodePowerException">It was asked and did not answer as it should.</exception>
    public async Task<PowerState> ReadAsync(string node, FencingController controller, CancellationToken cancellationToken)
    {
        var system = await SendAsync(node, controller, HttpMethod.Get, "", null, cancellationToken);
        return system.Text("PowerState") switch
        {
            "On" => PowerState.On,
            "Off" => PowerState.Off,
            "PoweringOn" or "PoweringOff" => PowerState.Changing,
            var other => throw new NodePowerException(node, $"expected a PowerState, got '{SafeText.Line(other, 40)}'"),
        };
    }

    /// <exception cref="NodePowerException">It was asked and did not do it.</exception>
    public async Task SwitchAsync(string node, FencingController controller, bool on, CancellationToken cancellationToken)
    {
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

            using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            if (!answer.IsSuccessStatusCode) throw new NodePowerException(node, $"its controller answered {(int)answer.StatusCode}");
            await answer.Content.LoadIntoBufferAsync(MaxAnswerBytes, limit.Token);
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
