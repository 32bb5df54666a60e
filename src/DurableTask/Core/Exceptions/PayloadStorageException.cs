using System.Globalization;

namespace DurableTask.Core.Exceptions;

/// <summary>A payload cannot be stored because it is too large, or cannot be read because it is gone.</summary>
public sealed class PayloadStorageException : Exception
{
    public PayloadStorageException()
    {
    }

    public PayloadStorageException(string message)
        : base(message)
    {
    }

    public PayloadStorageException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>The payload's size in bytes; 0 when the exception is not about a size.</summary>
    public long Size { get; private init; }

    /// <summary>The most bytes that are allowed; 0 when the exception is not about a size.</summary>
    public long Limit { get; private init; }

    public static PayloadStorageException TooLarge(long size, long limit) =>
        new(string.Create(
            CultureInfo.InvariantCulture,
            $"The payload is too large: expected at most {limit:N0} bytes, got {size:N0}. Store it elsewhere and pass a reference."))
        {
            Size = size,
            Limit = limit,
        };
}
