using Heal.Drivers.Kubernetes;
using Heal.Drivers.Libvirt;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>Tells a right that the healer lacks from everything else that can go wrong with an action.</summary>
internal static class Permissions
{
    /// <summary>
    /// Runs an action; a refusal for want of an RBAC rule becomes an answer that names rule and action, any other refusal of the
    /// cluster's own rules (quota, admission, a namespace that is going away) one that no retry will change.
    /// </summary>
    /// <param name="refused">What such a refusal is answered as.</param>
    public static async Task<ActionResult> GuardAsync(
        string actionId, string key, Func<Task<ActionResult>> run, ActionStatus refused = ActionStatus.Refused)
    {
        try
        {
            return await run();
        }
        catch (KubernetesForbiddenException e) when (e.Missing is not null)
        {
            return new ActionResult(key, ActionStatus.NotPermitted, Describe(e, actionId));
        }
        catch (KubernetesForbiddenException e)
        {
            return new ActionResult(key, refused, SafeText.Line(e.Message, EvidenceLimits.MessageLength));
        }
        catch (TooManyListedException e)
        {
            return new ActionResult(key, refused, SafeText.Line(e.Message, EvidenceLimits.MessageLength));
        }
        catch (LibvirtForbiddenException e)
        {
            return new ActionResult(key, ActionStatus.NotPermitted, Describe(e, actionId));
        }
    }

    /// <summary>A key under which another action has begun is not this one's; null when it is.</summary>
    public static ActionResult? Foreign(Operation known, string actionId) => known.ActionId == actionId ? null : new ActionResult(
        known.Key, ActionStatus.Refused,
        $"under key {known.Key} the ledger has {known.ActionId} of {known.IntendedAt:u}: '{actionId}' is not begun under the same");

    /// <summary>libvirt does not say which right was missing: what the action needs is named, as its access control has it.</summary>
    public static string Describe(LibvirtForbiddenException refused, string actionId)
    {
        var rules = MachineRecipes.All.FirstOrDefault(recipe => recipe.Descriptor.Id == actionId)?.Descriptor.Permissions ?? [];
        var needs = string.Join(", ", rules.Select(rule => $"{rule.Resource} ({string.Join(", ", rule.Verbs)})"));
        var told = $"missing permission on libvirt host '{refused.Host}' for action {actionId}: {refused.Reason}";
        return SafeText.Line(needs.Length > 0 ? $"{told}. It needs {needs}" : told, EvidenceLimits.MessageLength);
    }

    public static string Describe(KubernetesForbiddenException refused, string actionId)
    {
        var missing = refused.Missing!;
        var resource = missing.Group.Length == 0 ? missing.Resource : $"{missing.Resource}.{missing.Group}";
        var scope = missing.Namespace is null ? "in the cluster" : $"in namespace '{missing.Namespace}'";
        return $"missing permission {missing.Verb} {resource} {scope} for action {actionId}";
    }
}
