using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace DurableTask.Core.Hub;

/// <summary>
/// Where a page of instances ended: the time by which they are ordered (creation or completion) and the id of the last. Its text form is
/// opaque to callers.
/// </summary>
public readonly record struct PageToken(DateTimeOffset At, string InstanceId)
{
    /// <summary>The most instances that one page holds, whatever a query asks for.</summary>
    public const int MaxPageSize = 1000;

    /// <summary>True for a place in a list that is ordered by id alone.</summary>
    public bool IsOfId => At == DateTimeOffset.MinValue;

    /// <summary>Reads a token.</summary>
    /// <exception cref="ArgumentException">The text is not a token of ours.</exception>
    public static PageToken? Parse(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return null;
        }

        if (Base64Url.IsValid(text))
        {
            var parts = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(text)).Split('|', 2);
            if (parts.Length == 2
                && long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var ticks)
                && ticks <= DateTime.MaxValue.Ticks)
            {
                return new PageToken(new DateTimeOffset(ticks, TimeSpan.Zero), parts[1]);
            }
        }

        throw new ArgumentException("The continuation token is not one that a query returned. Start again without a token.", nameof(text));
    }

    /// <summary>Reads the token of a list that is ordered by id alone; null for the first page.</summary>
    /// <exception cref="ArgumentException">The text is not a token of ours.</exception>
    public static string? ParseId(string? text) => Parse(text)?.InstanceId;

    /// <summary>The token of a list that is ordered by id alone.</summary>
    public static string OfId(string id) => new PageToken(DateTimeOffset.MinValue, id).ToString();

    public override string ToString() => Base64Url.EncodeToString(Encoding.UTF8.GetBytes($"{At.UtcTicks}|{InstanceId}"));
}
