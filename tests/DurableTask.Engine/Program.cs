using System.Diagnostics;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Entities;
using Microsoft.DurableTask.PostgreSql;

namespace Heal.DurableTask.Engine.Tests;

/// <summary>
/// The test assembly as a process of its own: a worker that tests may lose. Arguments: connection string, schema. It runs until it is
/// killed, which some of its tasks do themselves.
/// </summary>
internal static class Program
{
    public const string Innocent = "Innocent";
    public const string KillingTurn = "KillingTurn";
    public const string KillingActivity = "KillingActivity";
    public const string KillingOperation = "KillingOperation";
    public static readonly EntityInstanceId Fragile = new("Fragile", "one");

    /// <summary>Fewer end an innocent that was there when two killers struck that nobody suspected yet.</summary>
    public const int LostAttempts = 5;

    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(2);

    public static async Task<int> Main(string[] args)
    {
        var hub = new PostgreSqlTaskHub(
            new PostgreSqlTaskHubOptions { ConnectionString = args[0], Schema = args[1] }, TimeProvider.System);
        await using EngineHost worker = await EngineHost.StartAsync(
            hub,
            AddTasks,
            options => options.EnableEntitySupport = true,
            configureHub: options =>
            {
                options.WorkItemLockTimeout = Lease;
                options.MaximumLostAttempts = LostAttempts;
            });
        await Task.Delay(Timeout.InfiniteTimeSpan);
        return 0;
    }

    /// <summary>Starts such a process.</summary>
    public static Process Start(string connectionString, string schema) => Process.Start(new ProcessStartInfo(
        "dotnet", ["exec", typeof(Program).Assembly.Location, connectionString, schema]) { UseShellExecute = false })!;

    private static void AddTasks(DurableTaskRegistry tasks) => tasks
        .AddOrchestratorFunc(Innocent, async context =>
        {
            await context.CallActivityAsync("Nothing");
            await context.CallActivityAsync("Nothing");
        })
        .AddOrchestratorFunc(KillingTurn, _ => Die())
        .AddOrchestratorFunc(KillingActivity, async context =>
        {
            try
            {
                await context.CallActivityAsync("Die");
                return "survived";
            }
            catch (TaskFailedException failed)
            {
                return $"{failed.FailureDetails.ErrorType}: {failed.FailureDetails.ErrorMessage}";
            }
        })
        .AddOrchestratorFunc(KillingOperation, async context =>
        {
            try
            {
                await context.Entities.CallEntityAsync(Fragile, nameof(FragileEntity.Die));
                return "survived";
            }
            catch (EntityOperationFailedException failed)
            {
                int sum = await context.Entities.CallEntityAsync<int>(Fragile, nameof(FragileEntity.Add), 1);
                return $"{sum} after {failed.FailureDetails.ErrorType}: {failed.FailureDetails.ErrorMessage}";
            }
        })
        .AddEntity<FragileEntity>("Fragile")
        .AddActivityFunc("Nothing", _ => { })
        .AddActivityFunc("Die", _ => Die());

    // As the kernel ends a process that takes too much memory: nothing of it gets to say goodbye.
    private static void Die() => Process.GetCurrentProcess().Kill();

    private sealed class FragileEntity : TaskEntity<int>
    {
        public int Add(int more) => State += more;

        public void Die() => Program.Die();
    }
}
