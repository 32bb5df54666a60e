using System.Globalization;
using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Libvirt;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>
/// Makes one effect whose intent is in the ledger, once. Safe to call again after a kill at any line: each round looks at the target and
/// then at the ledger, and the write is refused by the server when the target changed after that look.
/// </summary>
internal sealed class StepRunner(ActionTools tools)
{
    /// <summary>Rounds against writers that keep changing the object; each costs two reads and a write.</summary>
    public const int MaxConflicts = 5;

    /// <param name="row">The ledger row that says whether the effect is still to be made.</param>
    /// <param name="expiresAt">Not begun after this time: its inverse has been due.</param>
    /// <param name="provenUntil">Nor after this one, where it is certain that it has not begun: what it was intended on may not be so any
    /// more. Null: it counts for good.</param>
    public async Task<StepOutcome> RunAsync(
        Operation row, Effect effect, DateTimeOffset? expiresAt, CancellationToken cancellationToken, DateTimeOffset? provenUntil = null)
    {
        for (var round = 0; round < MaxConflicts; round++)
        {
            var look = await effect.LookAsync(tools, row.Key, cancellationToken);

            // After the look: whoever finished the operation since then has changed what the write tests.
            var now = await tools.Store.FindOperationAsync(row.Key, cancellationToken) ?? row;
            if (now.State != OperationState.Intended) return StepOutcome.Ended(now);
            switch (look.Sight)
            {
                case Sight.Applied:
                    return new StepOutcome(StepKind.Made, ActionStatus.Applied, look.Detail, look.Post!);
                case Sight.Gone:
                    return Stop(ActionStatus.TargetGone, look.Detail);
                case Sight.DoneByOther or Sight.ChangedByOther:
                    return Stop(ActionStatus.ChangedByOther, look.Detail);
            }

            if (tools.Safety.Objection() is { } objection) return Stop(ActionStatus.Blocked, objection);
            if (tools.Time.GetUtcNow() >= expiresAt) return Stop(ActionStatus.Blocked, "its time limit had passed before it began");
            if (effect.IsAtomic && tools.Time.GetUtcNow() >= provenUntil) return Stop(ActionStatus.Refused, Stale(row));
            WriteAnswer answer;
            try
            {
                answer = await effect.WriteAsync(tools, row.Key, look, dryRun: false, cancellationToken);
            }
            catch (KubernetesForbiddenException e) when (e.Missing is not null)
            {
                return Stop(ActionStatus.NotPermitted, Permissions.Describe(e, row.ActionId));
            }

            catch (LibvirtForbiddenException e)
            {
                return Stop(ActionStatus.NotPermitted, Permissions.Describe(e, row.ActionId));
            }

            if (answer.Kind == WriteKind.Refused) return Stop(ActionStatus.Refused, answer.Detail);
            if (answer.Kind == WriteKind.Later)
            {
                return new StepOutcome(StepKind.Waits, ActionStatus.Blocked, answer.Detail, new JsonObject());
            }
        }

        return Stop(ActionStatus.Failed,
            $"{effect.Subject} was changed by others in each of {MaxConflicts} attempts to write");
    }

    /// <summary>Why an operation is not begun that was intended long ago.</summary>
    public static string Stale(Operation row) => string.Create(
        CultureInfo.InvariantCulture,
        $"it was intended at {row.IntendedAt:u} and not begun since: what was found then may not be so any more");

    private static StepOutcome Stop(ActionStatus status, string detail) => new(StepKind.Stopped, status, detail, new JsonObject());
}

internal static class Obstacles
{
    /// <summary>Whether what stopped a step may pass: a switch, a right, a rule of the cluster's, other writers. An inverse is not given
    /// up for it.</summary>
    public static bool MayPass(this ActionStatus status) =>
        status is ActionStatus.Blocked or ActionStatus.NotPermitted or ActionStatus.Refused or ActionStatus.Failed;
}

internal enum StepKind
{
    /// <summary>The effect is there.</summary>
    Made,

    /// <summary>It is not, and will not be.</summary>
    Stopped,

    /// <summary>It is not yet: ask again later.</summary>
    Waits,

    /// <summary>The ledger row had been finished by somebody else.</summary>
    Ended,
}

/// <param name="Post">For Made: what an undo must know.</param>
/// <param name="Row">For Ended: the row as it is.</param>
internal sealed record StepOutcome(StepKind Kind, ActionStatus Status, string Detail, JsonObject Post, Operation? Row = null)
{
    public static StepOutcome Ended(Operation row) =>
        new(StepKind.Ended, row.Status ?? ActionStatus.Failed, row.Detail ?? "", row.PostImage ?? new JsonObject(), row);
}
