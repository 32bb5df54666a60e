using Microsoft.Azure.Functions.Worker.Configuration;
using Microsoft.Azure.Functions.Worker.Discovery;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Microsoft.Azure.Functions.Worker.Hosting;

/// <summary>
/// Lets a new process take the place of this one, where <c>FUNCTIONS_RESTART_ON_CHANGE</c> says so: stops as on SIGTERM, and ends with
/// <see cref="ExitCode"/>, by which whoever runs the process knows what to do. A host that would not start is not asked for.
/// </summary>
internal sealed partial class HostRestart(
    HostPlan plan, IConfiguration configuration, IHostApplicationLifetime lifetime, ILogger<HostRestart> logger)
{
    /// <summary>EX_TEMPFAIL of sysexits.h: do it again.</summary>
    public const int ExitCode = 75;

    public bool IsWanted => plan.Settings.RestartOnChange == RestartOnChange.Exit;

    /// <summary>What would keep a host from starting with these settings.</summary>
    public IReadOnlyList<string> FaultsOf(HostSettings changed)
    {
        var faults = new List<string>();
        var catalog = FunctionCatalog.Of(plan.Catalog.Functions.Select(static f => (f.Name, f.Method)));
        HostPlan.Make(catalog, changed, configuration, plan.HasWebApplication, faults);
        string connection = changed.Durable.ConnectionStringName;
        if (SettingReferences.Connection(configuration, plan.Settings.Durable.ConnectionStringName) is not null
            && SettingReferences.Connection(configuration, connection) is null)
        {
            faults.Add($"$.extensions.durableTask.storageProvider.connectionStringName: names setting '{connection}', which is not set");
        }

        return faults;
    }

    /// <param name="reason">What has changed.</param>
    public void Begin(string reason)
    {
        Log.Begins(logger, reason, ExitCode);
        Environment.ExitCode = ExitCode;
        lifetime.StopApplication();
    }

    private static partial class Log
    {
        [LoggerMessage(115, LogLevel.Warning,
            "{Reason}: this host stops, and ends with exit code {ExitCode} to be started again (FUNCTIONS_RESTART_ON_CHANGE)")]
        public static partial void Begins(ILogger logger, string reason, int exitCode);
    }
}
