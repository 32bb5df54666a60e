using Heal.DurableTask.PostgreSql.Tests.Servers;
using Heal.DurableTask.PostgreSql.Tests.Workers;

namespace Heal.DurableTask.PostgreSql.Tests;

/// <summary>What docs/operating/postgresql.md says about backups, carried out.</summary>
public sealed class RestoreTests : ServerTestBase
{
    [Fact]
    public async Task A_restore_to_a_moment_in_the_middle_of_running_orchestrations_goes_on_from_there_and_all_of_them_complete()
    {
        await StartServerAsync(
            settings: ["wal_level=replica", "archive_mode=on", $"archive_command=cp %p {PostgresServer.ArchivePlace}/%f"]);
        await StartHubAsync();
        PostgresServer copy = Use(await PostgresServer.CopyAsync(Server, isStandby: false));

        // After the backup, before the moment: only the archived log knows it.
        WorkerProcess worker = await StartWorkerAsync(holds: true);
        string[] ids = await HoldAsync(worker, 20);
        await Server.ExecuteAsync("SELECT pg_create_restore_point('the moment')");
        await worker.ReleaseAsync();
        await AssertDoneAsync(ids);
        string later = await Hub.ScheduleAsync(steps: 5);
        await AssertDoneAsync(later);
        await worker.KillAsync();
        await ArchiveAsync();
        await Server.StopAsync();

        await copy.RecoverAsync(Server.ArchiveFolder, "the moment");
        await copy.StartAgainAsync();
        while (await copy.ScalarAsync<bool>("SELECT pg_is_in_recovery()"))
        {
            await Task.Delay(50, Deadline);
        }

        await StartHubAsync(copy.ConnectionString);
        Assert.Null(await Hub.Client.GetInstanceAsync(later, Deadline));
        Assert.All(ids, id => Assert.Equal(0, Hub.QueryAsync<short>("SELECT status FROM instances WHERE instance_id = $1", id).Result));
        await StartWorkerAsync(connectionString: copy.ConnectionString);
        await AssertDoneAsync(ids);
        await AssertDoneAsync(await ScheduleAsync(3));
    }

    /// <summary>Waits until the log up to now is in the archive.</summary>
    private async Task ArchiveAsync()
    {
        string file = await Server.ScalarAsync<string>("SELECT pg_walfile_name(pg_current_wal_lsn())");
        await Server.ExecuteAsync("SELECT pg_switch_wal()");
        while (!await Server.ScalarAsync<bool>($"SELECT coalesce(last_archived_wal >= '{file}', false) FROM pg_stat_archiver"))
        {
            await Task.Delay(50, Deadline);
        }
    }
}
