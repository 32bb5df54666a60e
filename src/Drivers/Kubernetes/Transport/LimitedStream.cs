namespace Heal.Drivers.Kubernetes.Transport;

/// <summary>How many bytes of answers a call may still read, over all its pages.</summary>
internal sealed class ByteBudget(long limit, long used = 0)
{
    public long Used { get; private set; } = used;

    public void Take(int bytes)
    {
        Used += bytes;
        if (Used > limit)
            throw new AnswerTooLargeException(limit);
    }
}

/// <summary>The answer is longer than its budget.</summary>
internal sealed class AnswerTooLargeException(long limit) : IOException($"the answer is larger than the limit of {limit} bytes");

/// <summary>Reads through to another stream until a budget is used up, then throws.</summary>
internal sealed class LimitedStream(Stream inner, ByteBudget budget) : Stream
{
    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count)
    {
        var read = inner.Read(buffer, offset, count);
        budget.Take(read);
        return read;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await inner.ReadAsync(buffer, cancellationToken);
        budget.Take(read);
        return read;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush() => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }
}
