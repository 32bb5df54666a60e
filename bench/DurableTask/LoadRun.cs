namespace Heal.Bench.DurableTask;

/// <summary>
/// A closed loop: so many callers, each of which starts the next when its last is done. What ends between the end of the warm-up and
/// the end of the measured time counts.
/// </summary>
internal sealed record LoadRun(
    long Count, double Seconds, IReadOnlyList<double> Milliseconds, long CountWithWarmUp, Counters Used)
{
    public static async Task<LoadRun> RunAsync(Settings settings, int concurrency, CostMeter meter, Func<int, Task> once)
    {
        var start = Settings.Time.GetTimestamp();
        var measuring = false;
        var stop = false;
        var all = 0L;
        var callers = Enumerable.Range(0, concurrency).Select(caller => Task.Run(async () =>
        {
            var samples = new List<double>();
            while (!Volatile.Read(ref stop))
            {
                var began = Settings.Time.GetTimestamp();
                await once(caller);
                Interlocked.Increment(ref all);
                if (Volatile.Read(ref measuring) && !Volatile.Read(ref stop))
                {
                    samples.Add(Settings.Time.GetElapsedTime(began).TotalMilliseconds);
                }
            }

            return samples;
        })).ToArray();

        await Task.WhenAny([Task.Delay(settings.WarmUp, Settings.Time, CancellationToken.None), .. callers]);
        var before = await meter.ReadExactAsync();
        Volatile.Write(ref measuring, true);
        start = Settings.Time.GetTimestamp();
        await Task.WhenAny([Task.Delay(settings.Measured, Settings.Time, CancellationToken.None), .. callers]);
        Volatile.Write(ref stop, true);
        var seconds = Settings.Time.GetElapsedTime(start).TotalSeconds;
        var after = await meter.ReadExactAsync();
        double[] samples = [.. (await Task.WhenAll(callers)).SelectMany(list => list)];
        return new LoadRun(samples.Length, seconds, samples, all, after.Since(before));
    }

    public Costs CostsOf((long Syncs, long Commits) before, (long Syncs, long Commits) after) => Used.CostsOf(
        (double)(after.Syncs - before.Syncs) / CountWithWarmUp, (double)(after.Commits - before.Commits) / CountWithWarmUp, Count);
}
