using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Heal.Activities;

/// <summary>Says of a host that somebody works on it, or that nobody does any more. The host itself is not asked.</summary>
/// <param name="By">Who wants it so.</param>
/// <param name="Until">When it ends by itself; null: when somebody ends it.</param>
/// <param name="Began">The key of the operation that began what is to be ended; empty for a beginning.</param>
internal sealed record MaintenanceEffect(string Host, string By, string Reason, DateTimeOffset? Until, string Began) : Effect
{
    private const string Key = "key";

    [JsonIgnore]
    public override string Subject => $"maintenance of host {Host}";

    [JsonIgnore]
    public override bool IsReversible => true;

    private bool Begins => Began.Length == 0;

    public override async Task<Look> LookAsync(ActionTools tools, string key, CancellationToken cancellationToken)
    {
        var now = await tools.Machines!.Memory.MaintenanceAsync(Host, tools.Time.GetUtcNow(), cancellationToken);
        return (now, Begins) switch
        {
            (null, true) => Look.NotApplied(null),
            (null, false) => Look.Applied(null),
            (_, true) => now.Key == key ? Look.Applied(null, new JsonObject { [Key] = key }) : Other(Sight.DoneByOther),
            (_, false) => now.Key == Began ? Look.NotApplied(null) : Other(Sight.ChangedByOther),
        };

        Look Other(Sight sight) => new(sight, $"host {Host} is {now!.Seen()}");
    }

    public override async Task<WriteAnswer> WriteAsync(
        ActionTools tools, string key, Look look, bool dryRun, CancellationToken cancellationToken)
    {
        if (dryRun) return WriteAnswer.Taken;
        var memory = tools.Machines!.Memory;
        if (Begins)
        {
            var since = tools.Time.GetUtcNow();
            await memory.BeginMaintenanceAsync(new HostMaintenance(Host, By, Reason, since, Until, key), cancellationToken);
        }
        else
        {
            await memory.EndMaintenanceAsync(Host, Began, cancellationToken);
        }

        return WriteAnswer.Taken;
    }

    public override Effect? Inverse(JsonObject post) =>
        Begins ? post.Text(Key) is { } began ? this with { Began = began } : null : this with { Began = "" };

    public override IReadOnlyList<string> Describe()
    {
        var until = Until is { } at ? string.Create(CultureInfo.InvariantCulture, $" until {at:u}") : "";
        return [Begins ? $"{Subject}: begins{until}, for {By}" : $"{Subject}: ends"];
    }
}
