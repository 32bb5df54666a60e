using System.Diagnostics;
using Npgsql;

namespace Heal.Bench.DurableTask.Benchmarks;

/// <summary>
/// 1,000 instances in the middle of seq5, all held by one worker process that is killed with SIGKILL. "restart": a new process starts right
/// away; the time counts from its start. "takeover": another worker lives already; the time counts from the kill.
/// </summary>
internal static class Recover
{
    public static async Task RunAsync(Settings settings, Report report)
    {
        foreach (var isRestart in new[] { true, false })
        {
            var count = settings.Count(1_000, 200);
            var schema = Engine.NewSchema("recover");
            using var first = await StartChildAsync("first", schema, count);
            using var early = isRestart ? null : await StartChildAsync("second", schema, count);
            first.Kill();
            await first.WaitForExitAsync();
            var start = Settings.Time.GetTimestamp();
            using var late = isRestart ? StartChild("second", schema, count) : null;
            await UntilDoneAsync(settings.ConnectionString, schema, count);
            var seconds = Settings.Time.GetElapsedTime(start).TotalSeconds;
            report.Add(new Figure("recover", isRestart ? "restart" : "takeover", null, count, seconds, null, null,
                $"{seconds:N2} s from the {(isRestart ? "new process's start" : "kill")} until all are done"));
            var second = (early ?? late)!;
            await second.StandardInput.WriteLineAsync("end");
            await second.WaitForExitAsync();
            await Engine.DropAsync(settings.ConnectionString, schema);
        }
    }

    private static async Task<Process> StartChildAsync(string role, string schema, int count)
    {
        var child = StartChild(role, schema, count);
        while (await child.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line == RecoverChild.Ready)
            {
                return child;
            }
        }

        throw new InvalidOperationException($"The {role} worker process ended with code {child.ExitCode}; its words are above.");
    }

    private static Process StartChild(string role, string schema, int count)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            // Compiled in steps, as the application is: the driver's own settings trade the start for the seconds after it.
            Environment = { ["DOTNET_TieredPGO"] = "1", ["DOTNET_TC_QuickJit"] = "1" },
        };
        // Run as "dotnet x.dll", the process is dotnet itself.
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add(typeof(Recover).Assembly.Location);
        }

        foreach (var argument in new[] { "child", role, schema, count.ToString(System.Globalization.CultureInfo.InvariantCulture) })
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start)!;
    }

    private static async Task UntilDoneAsync(string connectionString, string schema, int count)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        while (true)
        {
            await using var command = source.CreateCommand($"SELECT count(*) FROM {schema}.instances WHERE completed_at IS NOT NULL");
            if ((long)(await command.ExecuteScalarAsync())! == count)
            {
                return;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(10), Settings.Time, CancellationToken.None);
        }
    }
}

/// <summary>The worker processes of <see cref="Recover"/>. The first starts all instances and holds each in its third activity.</summary>
internal static class RecoverChild
{
    public const string Ready = "ready";

    private const string HeldStep = "step 2";

    public static async Task<int> RunAsync(string role, string schema, string countText)
    {
        var count = int.Parse(countText, System.Globalization.CultureInfo.InvariantCulture);
        var connectionString = Environment.GetEnvironmentVariable("HEAL_TEST_POSTGRES")!;
        var held = 0;
        var allHeld = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        async Task<string> EchoAsync(Microsoft.DurableTask.TaskActivityContext context, string text)
        {
            if (role == "first" && text == HeldStep)
            {
                if (Interlocked.Increment(ref held) == count)
                {
                    allHeld.SetResult();
                }

                await Task.Delay(Timeout.InfiniteTimeSpan, Settings.Time, CancellationToken.None);
            }

            return text;
        }

        await using var engine = await Engine.StartAsync(
            connectionString,
            schema,
            tasks: tasks => Orchestrations.Register(tasks, EchoAsync),
            configure: options =>
            {
                if (role != "first")
                {
                    return; // Who takes over has the defaults.
                }

                options.Concurrency.MaximumConcurrentActivityWorkItems = 2 * count;
                options.Concurrency.MaximumConcurrentOrchestrationWorkItems = 2 * count;
            });
        if (role == "first")
        {
            await Parallel.ForEachAsync(
                Enumerable.Range(0, count),
                new ParallelOptions { MaxDegreeOfParallelism = 100 },
                async (_, cancellation) => await engine.Client.ScheduleNewOrchestrationInstanceAsync(
                    Orchestrations.Sequence, Seq5.Steps, cancellation));
            await allHeld.Task;
        }

        Console.WriteLine(Ready);
        await Console.In.ReadLineAsync();
        return 0;
    }
}
