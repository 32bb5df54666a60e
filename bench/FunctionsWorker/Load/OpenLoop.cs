namespace Heal.Bench.FunctionsWorker.Load;

/// <summary>
/// Users who each post at times of their own, whether or not the server keeps up. A request that waits for its user's last one counts from
/// the time at which it was due: a slow server cannot slow its own load down.
/// </summary>
internal sealed class OpenLoop(ChildProcess server, Func<int, ReadOnlyMemory<byte>> request)
{
    private readonly List<double> _milliseconds = [];
    private long _errors;

    public long Errors => Interlocked.Read(ref _errors);

    public int Count => _milliseconds.Count;

    public Latency Latency => Latency.Of(_milliseconds)!;

    /// <param name="users">How many there are at the end.</param>
    /// <param name="every">Between two posts of one user.</param>
    /// <param name="arrival">In which they come, evenly; zero: all are there from the start.</param>
    /// <param name="length">Of the whole.</param>
    public async Task RunAsync(int users, TimeSpan every, TimeSpan arrival, TimeSpan length)
    {
        long began = Settings.Time.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, users).Select(async user =>
        {
            // Without an arrival the first posts are spread over the period: users do not act in step.
            TimeSpan due = (arrival > TimeSpan.Zero ? arrival : every) * ((double)user / users);
            RawConnection? connection = null;
            for (; due < length; due += every)
            {
                TimeSpan left = due - Settings.Time.GetElapsedTime(began);
                if (left > TimeSpan.Zero)
                {
                    await Task.Delay(left, Settings.Time);
                }

                connection = await PostAsync(connection, user);
                double late = (Settings.Time.GetElapsedTime(began) - due).TotalMilliseconds;
                lock (_milliseconds)
                {
                    _milliseconds.Add(late);
                }
            }

            connection?.Dispose();
        }));
    }

    private async Task<RawConnection?> PostAsync(RawConnection? connection, int user)
    {
        try
        {
            if (connection is null)
            {
                connection = new RawConnection();
                await connection.ConnectAsync(server.Port);
            }

            if (await connection.SendAsync(request(user)) is >= 200 and <= 299)
            {
                return connection;
            }
        }
        catch (Exception broken) when (broken is IOException or System.Net.Sockets.SocketException)
        {
            connection?.Dispose();
            connection = null;
        }

        Interlocked.Increment(ref _errors);
        return connection;
    }
}
