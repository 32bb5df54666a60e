using Heal.Healing;
using Heal.Postgres;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Heal.Activities;

/// <summary>
/// Before the host goes on: workflow definitions loaded, database reached (30 s) and its schema up to date. Any of them failing refuses the
/// start. Hosted services start in the order of their registration: register the healer before the durable worker.
/// </summary>
internal sealed partial class HealerStartup(
    HealDatabase database, WorkflowCatalogue workflows, TimeProvider time, ILogger<HealerStartup> logger)
    : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        Log.Loaded(logger, workflows.Definitions.Count,
            string.Join(", ", workflows.Definitions.Select(item => $"{item.Name} {item.Version}")));
        await PostgresStartup.WaitUntilReadyAsync(database.DataSource, time, logger, cancellationToken: cancellationToken);
        var applied = await database.MigrateAsync(cancellationToken);
        Log.Migrated(logger, applied);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "{Count} workflow definitions loaded: {Names}")]
        public static partial void Loaded(ILogger logger, int count, string names);

        [LoggerMessage(2, LogLevel.Information, "The healer's store is up to date ({Applied} migrations applied)")]
        public static partial void Migrated(ILogger logger, int applied);
    }
}
