using Heal.Healing;

namespace Heal.Functions.Alerts;

/// <summary>The section <c>Heal:Alerts</c>.</summary>
internal sealed class AlertSettings
{
    public const string Section = "Heal:Alerts";

    /// <summary>The largest webhook body, in bytes. Default 4 MiB.</summary>
    public int MaximumBodyBytes { get; set; } = 4 * 1024 * 1024;

    /// <summary>Alertmanager's root, for example http://127.0.0.1:9093. Null: nothing is reconciled.</summary>
    public Uri? AlertmanagerUrl { get; set; }

    /// <summary>How long one question to Alertmanager may take. Default 20 s.</summary>
    public TimeSpan AlertmanagerTimeout { get; set; } = TimeSpan.FromSeconds(20);

    public IEnumerable<string> Faults()
    {
        if (MaximumBodyBytes is < 1024 or > 64 * 1024 * 1024)
        {
            yield return $"{Section}:{nameof(MaximumBodyBytes)}: expected 1,024 to 67,108,864 bytes, got {MaximumBodyBytes}.";
        }

        if (AlertmanagerUrl is { } url && (!url.IsAbsoluteUri || url.Scheme is not ("http" or "https") || url.UserInfo.Length > 0))
        {
            yield return $"{Section}:{nameof(AlertmanagerUrl)}: expected an absolute http or https URL without a user in it, "
                + $"got {SafeUrl.Server(url)}{(url.IsAbsoluteUri && url.UserInfo.Length > 0 ? " with one" : "")}.";
        }

        if (AlertmanagerTimeout <= TimeSpan.Zero || AlertmanagerTimeout > TimeSpan.FromMinutes(1))
        {
            yield return $"{Section}:{nameof(AlertmanagerTimeout)}: expected more than zero and at most one minute (the timer's period), "
                + $"got {AlertmanagerTimeout}.";
        }
    }
}
