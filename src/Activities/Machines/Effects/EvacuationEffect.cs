using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Heal.Drivers.Libvirt;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>
/// Starts guests of a dead host on other ones, each once (<see cref="GuestRestart"/>). One effect and not one per guest: what keeps one of
/// them from being started says nothing about the others, and none that was started is ended again for it.
/// </summary>
internal sealed record EvacuationEffect(string Host, IReadOnlyList<GuestTransfer> Guests) : Effect
{
    /// <summary>Characters of what is said of all guests together.</summary>
    private const int LongestReport = 4_000;

    private const string Refused = "refused";

    // What libvirt or the witnesses refused, by uuid: of this attempt, or of the one that ended the operation.
    private readonly Dictionary<string, string> _refused = new(StringComparer.Ordinal);

    [JsonIgnore]
    public override string Subject => $"guests of host {Host}";

    [JsonIgnore]
    public override bool IsReversible => false;

    /// <summary>Those that were not started, and why; after a look or a write.</summary>
    [JsonIgnore]
    public IReadOnlyDictionary<string, string> NotStarted => _refused;

    public override async Task<Look> LookAsync(ActionTools tools, string key, CancellationToken cancellationToken)
    {
        await RecallAsync(tools, key, cancellationToken);
        var restart = new GuestRestart(tools, Host, key);
        var (started, refused) = (new JsonArray(), new JsonObject());
        foreach (var guest in Guests)
        {
            if (_refused.TryGetValue(guest.Uuid, out var why)) refused[guest.Uuid] = why;
            else if (await restart.LookAsync(guest, cancellationToken) != TransferState.Pending) started.Add(guest.Uuid);
        }

        return started.Count > 0 && started.Count + refused.Count == Guests.Count
            ? Look.Applied(null, new JsonObject { ["started"] = started, [Refused] = refused }) : Look.NotApplied(null);
    }

    public override async Task<WriteAnswer> WriteAsync(
        ActionTools tools, string key, Look look, bool dryRun, CancellationToken cancellationToken)
    {
        if (dryRun) return WriteAnswer.Taken;
        var restart = new GuestRestart(tools, Host, key);
        LibvirtException? unknown = null;
        var started = 0;
        foreach (var guest in Guests.Where(guest => !_refused.ContainsKey(guest.Uuid)))
        {
            try
            {
                var isThere = await restart.LookAsync(guest, cancellationToken) != TransferState.Pending;
                if (!isThere && await restart.RunAsync(guest, cancellationToken) is { } refusal) _refused[guest.Uuid] = refusal;
                else started++;
            }
            catch (LibvirtException e) when (e is LibvirtUnreachableException or LibvirtTimeoutException)
            {
                // Of this one nobody knows; the others do not wait for it.
                unknown ??= e;
            }
        }

        if (unknown is not null) throw unknown;
        return started > 0 ? WriteAnswer.Taken : new WriteAnswer(
            WriteKind.Refused, SafeText.Line($"no guest was started elsewhere: {Describe(Guests)}", LongestReport));
    }

    public override Effect? Inverse(JsonObject post) => null;

    public override IReadOnlyList<string> Describe() =>
        [.. Guests.Select(guest => $"guest {guest.Name} of host {Host}: its old copy fenced, then started on host {guest.Destination}")];

    /// <summary>Those of some guests that were not started, each with the reason.</summary>
    public string Describe(IEnumerable<GuestTransfer> guests) => string.Join("; ", guests.Where(guest => _refused.ContainsKey(guest.Uuid))
        .Select(guest => $"{guest.Name}: {_refused[guest.Uuid]}"));

    // After its end the ledger says what was refused: nothing on any host does.
    private async Task RecallAsync(ActionTools tools, string key, CancellationToken cancellationToken)
    {
        var row = _refused.Count > 0 ? null : await tools.Store.FindOperationAsync(key, cancellationToken);
        if (row is not { State: OperationState.Confirmed }) return;
        if (row.PostImage.Items("steps").FirstOrDefault()?[Refused] is not JsonObject refused) return;
        foreach (var (uuid, why) in refused) _refused[uuid] = why?.GetValue<string>() ?? "";
    }
}
