using System.Globalization;
using Heal.Healing;
using Microsoft.Extensions.Options;

namespace Heal.Activities;

/// <summary>
/// Has the witnesses of a host see to it that a guest is dead, and signs what they say. The gentle ones first: what ends one guest before
/// what ends the whole host, and that only when the others could not prove it.
/// </summary>
internal sealed class FencingDesk(
    IReadOnlyList<IFencingWitness> witnesses, DiskLockWitness disks, IOptionsMonitor<MachineOptions> options, TimeProvider time)
{
    public DiskLockWitness Disks => disks;

    /// <summary>The witnesses that the settings give a host. Asks nobody.</summary>
    public IReadOnlyList<IFencingWitness> Of(string host) =>
        options.CurrentValue.Fencing.Hosts.ContainsKey(host) ? [.. All.Where(witness => witness.Knows(host))] : [];

    private IEnumerable<IFencingWitness> All => [.. witnesses, disks];

    /// <summary>Fences one guest. Returns when it is proven, or when nobody is left to ask.</summary>
    /// <param name="silent">Other hosts that do not answer, and so might run it.</param>
    public async Task<(IReadOnlyList<FencingProof> Proofs, FencingVerdict Verdict)> FenceAsync(
        FencingOrder order, DateTimeOffset? hostSeenAt, IReadOnlyList<string> silent, CancellationToken cancellationToken)
    {
        var (proofs, failures) = (new List<FencingProof>(), new List<string>());
        if (KeyOf(options.CurrentValue.Fencing) is not { } key)
        {
            return ([], new FencingVerdict(false, [$"setting {MachineFencingOptions.Section}:Key signs no proof"]));
        }

        foreach (var witness in InTurn(order.Host))
        {
            try
            {
                proofs.Add(key.Sign(await AskAsync(witness, order, cancellationToken)));
            }
            catch (FencingException e)
            {
                failures.Add(e.Message);
                continue;
            }

            var verdict = Judge(proofs, order.Host, order.Uuid, hostSeenAt, silent);
            if (verdict.IsProven) return (proofs, verdict);
        }

        var missing = Judge(proofs, order.Host, order.Uuid, hostSeenAt, silent);
        return (proofs, missing with { Reasons = [.. failures.Distinct(StringComparer.Ordinal), .. missing.Reasons] });
    }

    /// <summary>Whether proofs hold at this moment.</summary>
    public FencingVerdict Judge(
        IReadOnlyList<FencingProof> proofs, string host, string uuid, DateTimeOffset? hostSeenAt, IReadOnlyList<string> silent)
    {
        var settings = options.CurrentValue.Fencing;
        return KeyOf(settings) is not { } key ? new FencingVerdict(false, ["there is no key to judge it by"])
            : FencingPolicy.Judge(
                proofs,
                new FencingQuestion(
                    host, uuid, [.. Of(host).Select(witness => witness.Name)], hostSeenAt, time.GetUtcNow(), settings.Lifetime)
                {
                    SilentHosts = silent,
                },
                key);
    }

    // Locks once more after the power: they outlive their holder for as long as the storage believes in it.
    private IEnumerable<IFencingWitness> InTurn(string host)
    {
        var known = Of(host);
        return
        [
            .. known.Where(witness => witness.Kind == WitnessKind.Hypervisor),
            .. known.Where(witness => witness.Kind == WitnessKind.DiskLocks),
            .. known.Where(witness => witness.Kind == WitnessKind.Power),
            .. known.Where(witness => witness.Kind == WitnessKind.DiskLocks),
        ];
    }

    private async Task<FencingStatement> AskAsync(IFencingWitness witness, FencingOrder order, CancellationToken cancellationToken)
    {
        var settings = options.CurrentValue.Fencing;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(settings.WitnessTimeout);
        try
        {
            var said = await witness.FenceAsync(order, limit.Token);
            return new FencingStatement(
                order.Host, [new FencedGuest(order.Uuid, order.Name, said.RunId)], witness.Name, witness.Kind,
                SafeText.Line(said.Observed, EvidenceLimits.MessageLength), said.At, said.At + settings.Lifetime);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new FencingException(witness.Name, string.Create(
                CultureInfo.InvariantCulture, $"it did not answer within {settings.WitnessTimeout.TotalSeconds:0} s"), e);
        }
    }

    private static FencingKey? KeyOf(MachineFencingOptions settings) => FencingKey.Read(settings.Key, out _);
}
