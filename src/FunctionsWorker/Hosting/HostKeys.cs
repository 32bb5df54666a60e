using Microsoft.Azure.Functions.Worker.Keys;
using Microsoft.Extensions.Logging;

namespace Microsoft.Azure.Functions.Worker.Hosting;

/// <summary>The keys that are configured, and made ones for the kinds that are not.</summary>
internal static partial class HostKeys
{
    public static KeyRing Load(HostPlan plan, ILoggerFactory loggers)
    {
        if (plan.Keys.IsComplete)
        {
            return new(plan.Keys);
        }

        string path = KeyFile.PathIn(plan.Settings.StateFolder);
        bool isNew = !File.Exists(path);
        KeySet made = KeyFile.ReadOrCreate(plan.Settings.StateFolder);
        ILogger logger = loggers.CreateLogger("Microsoft.Azure.Functions.Worker.Keys");
        if (isNew)
        {
            Log.Made(logger, path);
        }
        else
        {
            Log.Used(logger, path);
        }

        if (!OperatingSystem.IsWindows()
            && (File.GetUnixFileMode(path) & ~(UnixFileMode.UserRead | UnixFileMode.UserWrite)) != UnixFileMode.None)
        {
            Log.Exposed(logger, path);
        }

        return new(plan.Keys.Or(made));
    }

    private static partial class Log
    {
        [LoggerMessage(70, LogLevel.Information, "No complete set of keys is configured: made random ones, they are in {Path}")]
        public static partial void Made(ILogger logger, string path);

        [LoggerMessage(71, LogLevel.Information, "Keys that are not configured come from {Path}")]
        public static partial void Used(ILogger logger, string path);

        [LoggerMessage(72, LogLevel.Warning, "Others than the owner may read {Path}; expected mode 0600: chmod 600 it")]
        public static partial void Exposed(ILogger logger, string path);
    }
}
