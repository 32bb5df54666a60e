namespace Heal.Bench.FunctionsWorker.Load;

/// <summary>
/// So many connections, each of which sends the next request when the last is answered. What is answered between the end of the warm-up and
/// the end of the measured time counts.
/// </summary>
/// <param name="Sent">All requests that were answered, those of the warm-up too.</param>
internal sealed record ClosedLoop(double PerSecond, Latency Latency, double CpuMicroseconds, long Refused, long Sent)
{
    public static Task<ClosedLoop> RunAsync(
        Settings settings, ChildProcess server, int connections, Func<int, ReadOnlyMemory<byte>> request) =>
        RunAsync(server, connections, request, settings.WarmUp, settings.Measured);

    public static async Task<ClosedLoop> RunAsync(
        ChildProcess server, int connections, Func<int, ReadOnlyMemory<byte>> request, TimeSpan warmUp, TimeSpan measured)
    {
        bool measuring = false;
        bool stop = false;
        long refused = 0;
        long sent = 0;
        Task<List<double>>[] loops = [.. Enumerable.Range(0, connections).Select(loop => Task.Run(async () =>
        {
            var samples = new List<double>();
            long answered = 0;
            using var connection = new RawConnection();
            await connection.ConnectAsync(server.Port);
            while (!Volatile.Read(ref stop))
            {
                long began = Settings.Time.GetTimestamp();
                int status = await connection.SendAsync(request(loop));
                answered++;
                if (status is < 200 or > 299)
                {
                    Interlocked.Increment(ref refused);
                }
                else if (Volatile.Read(ref measuring) && !Volatile.Read(ref stop))
                {
                    samples.Add(Settings.Time.GetElapsedTime(began).TotalMilliseconds);
                }
            }

            Interlocked.Add(ref sent, answered);
            return samples;
        }))];
        await Task.WhenAny([Task.Delay(warmUp, Settings.Time), .. loops]);
        TimeSpan cpu = server.Cpu;
        long start = Settings.Time.GetTimestamp();
        Volatile.Write(ref measuring, true);
        await Task.WhenAny([Task.Delay(measured, Settings.Time), .. loops]);
        Volatile.Write(ref stop, true);
        double seconds = Settings.Time.GetElapsedTime(start).TotalSeconds;
        cpu = server.Cpu - cpu;
        double[] samples = [.. (await Task.WhenAll(loops)).SelectMany(static list => list)];
        return new(
            samples.Length / seconds,
            Latency.Of(samples) ?? throw new InvalidOperationException($"Nothing was answered well; {refused} answers were refusals."),
            cpu.TotalMicroseconds / samples.Length,
            refused,
            sent);
    }
}
