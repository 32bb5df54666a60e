using System.Text;
using Microsoft.Azure.Functions.Worker.Logging;

namespace Heal.FunctionsWorker.Tests.Logging;

public sealed class LineWriterTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly GatedStream _stream = new();

    [Fact]
    public async Task Lines_of_many_threads_are_all_written_whole_and_each_threads_in_its_order()
    {
        const int threads = 4;
        const int lines = 5_000;
        using (LineWriter writer = Writer(limit: 100))
        {
            await Task.WhenAll(Enumerable.Range(0, threads).Select(thread => Task.Run(() =>
            {
                for (int i = 0; i < lines; i++)
                {
                    Write(writer, $"{thread} {i}");
                }
            })));
        }

        ILookup<string, int> written = _stream.Lines
            .Select(static l => l.Split(' '))
            .ToLookup(static l => l[0], static l => int.Parse(l[1]));
        Assert.Equal(threads, written.Count);
        Assert.All(written, static thread => Assert.Equal(Enumerable.Range(0, lines), thread));
        Assert.True(_stream.Calls < threads * lines / 2, $"{_stream.Calls} calls");
    }

    [Fact]
    public async Task Callers_wait_when_as_many_lines_wait_as_may_and_nothing_is_lost()
    {
        using LineWriter writer = Writer(limit: 2);
        _stream.Close();
        int taken = 0;
        Task writes = Task.Run(() =>
        {
            for (int i = 0; i < 10; i++)
            {
                Write(writer, $"{i}");
                Interlocked.Increment(ref taken);
            }
        });
        await _stream.Called.WaitAsync(Patience);

        // At most one batch is being written, and one waits.
        Assert.InRange(Volatile.Read(ref taken), 0, 4);
        _stream.Open();
        await writes.WaitAsync(Patience);
        writer.Dispose();
        Assert.Equal(Enumerable.Range(0, 10).Select(static i => $"{i}"), _stream.Lines);
    }

    [Fact]
    public async Task A_writer_that_drops_says_how_many_lines()
    {
        LineWriter writer = Writer(limit: 2, drops: true);
        _stream.Close();
        Write(writer, "first");
        await _stream.Called.WaitAsync(Patience);
        foreach (int i in Enumerable.Range(0, 10))
        {
            Write(writer, $"{i}");
        }

        _stream.Open();
        writer.Dispose();
        Assert.Equal(["first", "0", "1", "8 dropped"], _stream.Lines);
    }

    [Fact]
    public void What_comes_after_the_end_is_written_at_once()
    {
        LineWriter writer = Writer(limit: 2);
        Write(writer, "before");
        writer.Dispose();
        Write(writer, "after");
        Assert.Equal(["before", "after"], _stream.Lines);
    }

    [Fact]
    public void A_reader_that_has_gone_fails_nobody()
    {
        _stream.IsBroken = true;
        LineWriter writer = Writer(limit: 2);
        Write(writer, "to nobody");
        writer.Dispose();
        Write(writer, "to nobody either");
        Assert.Equal(2, _stream.Calls);
    }

    private LineWriter Writer(int limit, bool drops = false) =>
        new(_stream, TimeProvider.System, limit, drops, static count => Encoding.UTF8.GetBytes($"{count} dropped\n"));

    private static void Write(LineWriter writer, string line) => writer.Write(Encoding.UTF8.GetBytes(line + "\n"));
}

/// <summary>Keeps what is written; while it is closed, a write waits.</summary>
internal sealed class GatedStream : MemoryStream
{
    private readonly ManualResetEventSlim _open = new(initialState: true);
    private readonly TaskCompletionSource _called = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task Called => _called.Task;

    public int Calls { get; private set; }

    public bool IsBroken { get; set; }

    public string Text => Encoding.UTF8.GetString(ToArray());

    public string[] Lines => Text.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public new void Close() => _open.Reset();

    public void Open() => _open.Set();

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        Calls++;
        _called.TrySetResult();
        _open.Wait();
        if (IsBroken)
        {
            throw new IOException("Broken pipe");
        }

        base.Write(buffer);
    }

    protected override void Dispose(bool disposing)
    {
        _open.Dispose();
        base.Dispose(disposing);
    }
}
