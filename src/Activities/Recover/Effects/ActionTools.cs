using System.Text.Json.Nodes;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;
using ListOptions = Heal.Drivers.Kubernetes.ListOptions;

namespace Heal.Activities;

/// <summary>What actions and their effects work with.</summary>
internal sealed record ActionTools(
    IKubernetesClient Client, IHealStore Store, ISafetySwitch Safety, TimeProvider Time, INodePower? Power = null,
    MachineTools? Machines = null, ActionPorts? Given = null)
{
    public ActionPorts Ports => Given ?? ActionPorts.None;

    /// <summary>Objects that one list of an action may bring.</summary>
    public const int MaxListed = 5_000;

    /// <summary>Reads an object as JSON; null when there is none, or when the cluster does not serve its kind.</summary>
    public async Task<JsonObject?> ReadAsync(ObjectAddress address, CancellationToken cancellationToken)
    {
        try
        {
            var found = await Client.TryGetAsync<KubernetesObject>(
                address.ResourceKind, address.Namespace, address.Name, cancellationToken);
            return found?.ToJson();
        }
        catch (KubernetesNotFoundException)
        {
            return null;
        }
    }

    public Task<JsonObject?> ReadAsync(ResourceKind kind, string? ns, string name, CancellationToken cancellationToken) =>
        ReadAsync(ObjectAddress.Of(kind, ns, name), cancellationToken);

    /// <summary>Lists objects as JSON; nothing when the cluster does not serve the kind.</summary>
    /// <param name="mayBeOld">From the server's memory (<see cref="ListOptions.FromServerCache"/>): for estimates.</param>
    /// <exception cref="TooManyListedException">There are more than <see cref="MaxListed"/>: a part of them would be no ground to act
    /// on.</exception>
    public async Task<IReadOnlyList<JsonObject>> ListAsync(
        ResourceKind kind, string? ns, CancellationToken cancellationToken, string? labels = null, string? fields = null,
        bool mayBeOld = false)
    {
        try
        {
            var options = new ListOptions
            {
                LabelSelector = labels, FieldSelector = fields, Limit = MaxListed, FromServerCache = mayBeOld,
            };
            var list = await Client.ListAsync<KubernetesObject>(kind, ns, options, cancellationToken);
            if (list.IsTruncated) throw new TooManyListedException(kind, ns, MaxListed);
            return [.. list.Items.Select(item => item.ToJson())];
        }
        catch (KubernetesNotFoundException)
        {
            return [];
        }
    }

    /// <summary>The live object of a target.</summary>
    public Task<JsonObject?> ReadAsync(TargetReference target, CancellationToken cancellationToken) =>
        ReadAsync(AddressOf(target), cancellationToken);

    public static ObjectAddress AddressOf(TargetReference target) => ObjectAddress.Of(
        KindOf(target.Kind), target.Namespace.Length > 0 ? target.Namespace : null, target.Name);

    private static ResourceKind KindOf(string kind) => kind switch
    {
        TargetKinds.Deployment or TargetKinds.StatefulSet or TargetKinds.DaemonSet or TargetKinds.ReplicaSet => new("apps", kind),
        TargetKinds.Certificate => Kinds.Certificate,
        TargetKinds.HorizontalPodAutoscaler => Kinds.HorizontalPodAutoscaler,
        TargetKinds.Job => Kinds.Job,
        TargetKinds.PodDisruptionBudget => Kinds.PodDisruptionBudget,
        _ => new("", kind),
    };
}

/// <summary>An action would have to look at more objects than one list of it may bring.</summary>
internal sealed class TooManyListedException(ResourceKind kind, string? ns, int limit) : Exception(
    $"there are more than {limit} objects of {kind} {(ns is null ? "in the cluster" : $"in namespace '{ns}'")}: "
        + "this action looks at no more, and does not act on a part of them");
