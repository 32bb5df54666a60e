using System.Text;
using DurableTask.Core.Exceptions;

namespace DurableTask.Core.Payloads;

/// <summary>
/// What happens to large inputs, outputs, event payloads and custom statuses. Sizes are those of the serialized text in UTF-8. Workers and
/// clients of one hub should agree on the maximum; what was stored with another threshold is read all the same.
/// </summary>
public sealed class LargePayloadOptions
{
    private const int MaximumThreshold = 1024 * 1024;
    private const int MaximumMaximum = 100 * 1024 * 1024;
    private const int MaximumBytesPerCharacter = 3;

    /// <summary>A payload of more bytes is compressed and stored apart. Default: 256 KiB; 1 KiB to 1 MiB.</summary>
    public int ThresholdBytes { get; set; } = 256 * 1024;

    /// <summary>A payload of more bytes is refused. Default: 10 MiB; from the threshold to 100 MiB.</summary>
    public int MaximumBytes { get; set; } = 10 * 1024 * 1024;

    /// <summary>Every fault, in words; empty when the options can be used.</summary>
    public IEnumerable<string> Faults()
    {
        if (ThresholdBytes is < 1024 or > MaximumThreshold)
        {
            yield return $"{nameof(ThresholdBytes)} is {ThresholdBytes}; expected 1024 to {MaximumThreshold}.";
        }

        if (MaximumBytes < ThresholdBytes || MaximumBytes > MaximumMaximum)
        {
            yield return $"{nameof(MaximumBytes)} is {MaximumBytes}; expected {ThresholdBytes} (the threshold) to {MaximumMaximum}.";
        }
    }

    /// <summary>Passes a payload on that is small enough to be stored.</summary>
    /// <exception cref="PayloadStorageException">It is not.</exception>
    public string? Check(string? payload) => Exceeds(payload, MaximumBytes)
        ? throw PayloadStorageException.TooLarge(Encoding.UTF8.GetByteCount(payload!), MaximumBytes)
        : payload;

    /// <summary>True for more bytes than that. Small payloads cost a look at their length.</summary>
    internal static bool Exceeds(string? payload, int bytes) =>
        payload is not null && payload.Length > bytes / MaximumBytesPerCharacter && Encoding.UTF8.GetByteCount(payload) > bytes;
}
