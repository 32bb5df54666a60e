using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json.Nodes;

namespace Heal.Shared.Tests;

/// <summary>The app's incidents as its API shows them.</summary>
internal static class IncidentApi
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);

    public static async Task<IReadOnlyList<JsonObject>> GetIncidentsAsync(this HealProcess app)
    {
        JsonObject page = (await app.Http.GetFromJsonAsync<JsonObject>(new Uri("/api/incidents", UriKind.Relative)))!;
        return [.. page["incidents"]!.AsArray().Select(item => item!.AsObject())];
    }

    /// <summary>
    /// The incidents, once there are as many as wanted and all of them have ended. The app may die and come back meanwhile.
    /// </summary>
    /// <param name="concerns">Which incidents count; null: all.</param>
    public static async Task<IReadOnlyList<JsonObject>> UntilIncidentsEndAsync(
        this HealProcess app, int count, TimeSpan timeout, Func<JsonObject, bool>? concerns = null)
    {
        using var limit = new CancellationTokenSource(timeout);
        IReadOnlyList<JsonObject> seen = [];
        while (true)
        {
            try
            {
                seen = [.. (await app.GetIncidentsAsync()).Where(concerns ?? (_ => true))];
                if (seen.Count >= count && seen.All(HasEnded))
                {
                    return seen;
                }
            }
            catch (Exception away) when (away is HttpRequestException or IOException or SocketException)
            {
                // Between a kill and the next start nobody answers; a connection may even be gone before it was used.
            }

            try
            {
                await Task.Delay(Poll, limit.Token);
            }
            catch (OperationCanceledException late)
            {
                string last = string.Join('\n', seen.Select(incident => incident.ToJsonString()));
                throw new TimeoutException(
                    $"{count} incidents did not end within {timeout}. Last seen:\n{last}\nThe app's last words:\n{app.Log}", late);
            }
        }
    }

    private static bool HasEnded(JsonObject incident) => incident["outcome"] is not null || incident["failure"] is not null;
}
