using Heal.Healing;

namespace Heal.Functions.Alerts;

/// <summary>Reads what fires from Alertmanager's API, version 2.</summary>
internal sealed class AlertmanagerClient(HttpClient http, AlertSettings settings)
{
    // Inhibited alerts are kept: inhibition by namespace hides unrelated faults. Silences are somebody's intent.
    private const string FiringPath = "api/v2/alerts?active=true&silenced=false&inhibited=true&unprocessed=false";
    private const int MaximumAnswerBytes = 16 * 1024 * 1024;

    public bool IsConfigured => settings.AlertmanagerUrl is not null;

    public Uri? Url => settings.AlertmanagerUrl;

    /// <exception cref="HttpRequestException">No connection, no success status, or an answer of more than 16 MiB.</exception>
    /// <exception cref="TimeoutException">No answer within the setting's time.</exception>
    /// <exception cref="InvalidDataException">The answer is not a list of alerts.</exception>
    public async Task<AlertBatch> GetFiringAsync(CancellationToken cancellationToken)
    {
        string root = settings.AlertmanagerUrl!.AbsoluteUri;
        var address = new Uri(new Uri(root.EndsWith('/') ? root : root + "/"), FiringPath);
        http.MaxResponseContentBufferSize = MaximumAnswerBytes;
        try
        {
            byte[] answer = await http.GetByteArrayAsync(address, cancellationToken)
                .WaitAsync(settings.AlertmanagerTimeout, cancellationToken);
            AlertBatch firing = AlertmanagerListing.Parse(answer);
            return firing.IsRefused ? throw new InvalidDataException(string.Join("; ", firing.Faults)) : firing;
        }
        catch (TaskCanceledException late) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"No answer within {settings.AlertmanagerTimeout}.", late);
        }
    }
}
