using System.Buffers;

namespace Microsoft.Azure.Functions.Worker.Logging;

/// <summary>
/// Writes lines to a stream from a thread of its own, many with one call: the first at once, those that follow it closely together, at
/// most every <see cref="Pause"/>. A system call and a change of threads for each line cost more than the request that it is about.
/// </summary>
/// <remarks>At most so many lines wait; whoever brings another one then waits too, or drops it, which is counted and said.</remarks>
internal sealed class LineWriter : IDisposable
{
    /// <summary>How long a line may wait for others on a busy host.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

    /// <summary>How long an orderly end waits for a reader that does not read.</summary>
    private static readonly TimeSpan FlushLimit = TimeSpan.FromSeconds(5);

    // A batch with a giant in it is not kept.
    private const int KeptCapacity = 1024 * 1024;

    // No Lock: the threads wait for each other on it.
    private readonly object _gate = new();
    private readonly Stream _stream;
    private readonly TimeProvider _time;
    private readonly int _limit;
    private readonly bool _drops;
    private readonly Func<long, byte[]> _ofDropped;
    private readonly Thread _thread;
    private ArrayBufferWriter<byte> _waiting = new(64 * 1024);
    private ArrayBufferWriter<byte> _writing = new(64 * 1024);
    private int _waitingLines;
    private long _dropped;
    private bool _isIdle;
    private bool _isEnding;
    private bool _hasEnded;

    /// <param name="limit">Lines that may wait.</param>
    /// <param name="drops">What happens to further ones: true drops them, false lets their callers wait.</param>
    /// <param name="ofDropped">The line that says how many were dropped.</param>
    public LineWriter(Stream stream, TimeProvider time, int limit, bool drops, Func<long, byte[]> ofDropped)
    {
        (_stream, _time, _limit, _drops, _ofDropped) = (stream, time, limit, drops, ofDropped);
        _thread = new Thread(Run) { IsBackground = true, Name = "Log lines" };
        _thread.Start();
    }

    /// <summary>Takes one entry, whole lines with their ends. After the end of this object it is written at once.</summary>
    public void Write(ReadOnlySpan<byte> lines)
    {
        lock (_gate)
        {
            while (_waitingLines >= _limit && !_isEnding)
            {
                if (_drops)
                {
                    _dropped++;
                    return;
                }

                Monitor.Wait(_gate);
            }

            if (_hasEnded)
            {
                Send(lines);
                return;
            }

            _waiting.Write(lines);
            _waitingLines++;
            if (_isIdle || _waitingLines == _limit)
            {
                _isIdle = false;
                Monitor.PulseAll(_gate);
            }
        }
    }

    /// <summary>Waits until everything that was taken has been written; <see cref="FlushLimit"/> at most.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _isEnding = true;
            Monitor.PulseAll(_gate);
        }

        _thread.Join(FlushLimit);
    }

    private void Run()
    {
        lock (_gate)
        {
            while (true)
            {
                while (_waitingLines == 0 && _dropped == 0 && !_isEnding)
                {
                    _isIdle = true;
                    Monitor.Wait(_gate);
                }

                if (_waitingLines == 0 && _dropped == 0)
                {
                    _hasEnded = true;
                    return;
                }

                WriteWaiting();
                if (!_isEnding)
                {
                    WaitForMore(_time.GetTimestamp());
                }
            }
        }
    }

    private void WaitForMore(long wrote)
    {
        while (!_isEnding && _waitingLines < _limit && Pause - _time.GetElapsedTime(wrote) is var left && left > TimeSpan.Zero)
        {
            // Rounded up: a wait of no time at all would be a spin.
            Monitor.Wait(_gate, (int)Math.Ceiling(left.TotalMilliseconds));
        }
    }

    /// <summary>Called with the gate held, which is open during the writing.</summary>
    private void WriteWaiting()
    {
        if (_dropped > 0)
        {
            _waiting.Write(_ofDropped(_dropped));
            _dropped = 0;
        }

        (_waiting, _writing) = (_writing, _waiting);
        _waitingLines = 0;
        Monitor.PulseAll(_gate);
        Monitor.Exit(_gate);
        try
        {
            Send(_writing.WrittenSpan);
        }
        finally
        {
            Monitor.Enter(_gate);
        }

        _writing.ResetWrittenCount();
        if (_writing.Capacity > KeptCapacity)
        {
            _writing = new(64 * 1024);
        }
    }

    private void Send(ReadOnlySpan<byte> text)
    {
        try
        {
            _stream.Write(text);
            _stream.Flush();
        }
        catch (IOException)
        {
            // Nobody reads any more, and there is no other place to say so.
        }
    }
}
