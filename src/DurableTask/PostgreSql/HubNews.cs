using DurableTask.Core.Hub;

namespace Microsoft.DurableTask.PostgreSql;

/// <summary>
/// What a transaction tells the other processes: that there may be work of a kind, and which instances changed for those who watch them.
/// One NOTIFY payload as a rule: "sender|kinds|id(US)id...", with "o", "a" and "e" as kinds ("h" and "w": hello and welcome, see
/// <see cref="HubPeers"/>) and the unit separator between ids. PostgreSQL takes 8,000 bytes at most: many ids take several payloads, a very
/// long id none (the safety poll finds the change).
/// </summary>
internal sealed class HubNews
{
    private const char Separator = '|';
    private const char BetweenIds = '\u001f';
    private const int MaxIdCharacters = 1800;

    public bool Orchestrations { get; set; }

    public bool Activities { get; set; }

    public bool Entities { get; set; }

    /// <summary>Whose news it is; null for our own.</summary>
    public string? Sender { get; private init; }

    /// <summary>The sender has begun to listen, and asks who else does.</summary>
    public bool IsHello { get; set; }

    /// <summary>The sender heard a hello: from now on it tells what it stores.</summary>
    public bool IsWelcome { get; set; }

    public HashSet<string> Instances { get; } = new(StringComparer.Ordinal);

    /// <summary>What some of these instances have become, for the watches of this process.</summary>
    public Dictionary<string, InstanceState> States { get; } = new(StringComparer.Ordinal);

    /// <summary>Those among them whose watches in this process hear of it from the turn that ended them: <see
    /// cref="PreparedTurn"/>.</summary>
    public HashSet<string> Ended { get; } = new(StringComparer.Ordinal);

    public bool IsEmpty => !Orchestrations && !Activities && !Entities && !IsHello && !IsWelcome && Instances.Count == 0;

    public static HubNews OfWork(WorkKind kind) => new()
    {
        Orchestrations = kind == WorkKind.Orchestration,
        Activities = kind == WorkKind.Activity,
        Entities = kind == WorkKind.Entity,
    };

    public void Add(HubNews more)
    {
        Orchestrations |= more.Orchestrations;
        Activities |= more.Activities;
        IsHello |= more.IsHello;
        IsWelcome |= more.IsWelcome;
        Entities |= more.Entities;
        Instances.UnionWith(more.Instances);
    }

    public IEnumerable<string> Payloads(string sender)
    {
        var kinds = (Orchestrations ? "o" : "") + (Activities ? "a" : "") + (Entities ? "e" : "")
            + (IsHello ? "h" : "") + (IsWelcome ? "w" : "");
        var head = $"{sender}{Separator}{kinds}{Separator}";
        var payload = head;
        // A character takes up to 4 bytes: count as if all did.
        foreach (var id in Instances.Where(id => id.Length <= MaxIdCharacters))
        {
            if (payload.Length + id.Length > MaxIdCharacters + head.Length)
            {
                yield return payload;
                payload = $"{sender}{Separator}{Separator}";
            }

            payload += (payload[^1] == Separator ? id : BetweenIds + id);
        }

        yield return payload;
    }

    /// <summary>Reads a payload; null when it is the reader's own or not one of ours.</summary>
    public static HubNews? Parse(string payload, string reader)
    {
        var parts = payload.Split(Separator, 3);
        if (parts.Length != 3 || parts[0] == reader)
        {
            return null;
        }

        var news = new HubNews
        {
            Orchestrations = parts[1].Contains('o', StringComparison.Ordinal),
            Activities = parts[1].Contains('a', StringComparison.Ordinal),
            IsHello = parts[1].Contains('h', StringComparison.Ordinal),
            IsWelcome = parts[1].Contains('w', StringComparison.Ordinal),
            Sender = parts[0],
            Entities = parts[1].Contains('e', StringComparison.Ordinal),
        };
        news.Instances.UnionWith(parts[2].Split(BetweenIds, StringSplitOptions.RemoveEmptyEntries));
        return news;
    }
}
