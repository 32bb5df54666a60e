using Microsoft.Azure.Functions.Worker.Configuration;

namespace Microsoft.Azure.Functions.Worker.Logging;

internal enum LogFormat
{
    /// <summary>For people.</summary>
    Text = 0,

    /// <summary>One JSON object per line.</summary>
    Json = 1,
}

/// <summary><c>logging.console</c> of host.json.</summary>
internal sealed record ConsoleSettings
{
    /// <summary>Default: true. Unlike in Azure, the console is where this host's log goes.</summary>
    public bool IsEnabled { get; init; } = true;

    public bool DisableColors { get; init; }

    /// <summary>Default: text. The setting <c>FUNCTIONS_LOG_FORMAT</c> wins.</summary>
    public LogFormat Format { get; init; }

    public static ConsoleSettings Read(JsonSection json, SettingValues settings)
    {
        var console = new ConsoleSettings
        {
            IsEnabled = json.Flag("isEnabled", fallback: true),
            DisableColors = json.Flag("disableColors", fallback: false),
            Format = settings.Choice("FUNCTIONS_LOG_FORMAT", json.Choice("format", LogFormat.Text)),
        };
        json.Done();
        return console;
    }
}
