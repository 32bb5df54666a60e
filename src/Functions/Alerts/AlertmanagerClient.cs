using Heal.Healing;

namespace Heal.Functions.Alerts;

/// <summary>Reads what fires from Alertmanager's API, version 2.</summary>
internal sealed class AlertmanagerClient(HttpClient http, AlertSettings settings, TimeProvider time)
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
        using var limit = new CancellationTokenSource(settings.AlertmanagerTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            byte[] answer = await http.GetByteArrayAsync(address, either.Token);
            AlertBatch firing = AlertmanagerListing.Parse(answer);
            return firing.IsRefused ? throw new InvalidDataException(string.Join("; ", firing.Faults)) : firing;
        }
        catch (OperationCanceledException late) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"No answer within {settings.AlertmanagerTimeout}.", late);
        }
    }
}
