namespace Heal.Activities;

/// <summary>
/// The power of nodes, through something that works when the node itself does not: a management controller, a hypervisor, a cloud. A
/// further
/// provider implements this and nothing else.
/// </summary>
internal interface INodePower
{
    /// <returns>Null when this provider does not know the node.</returns>
    /// <exception cref="NodePowerException">It was asked and did not answer as it should.</exception>
    Task<PowerState?> ReadAsync(string node, CancellationToken cancellationToken);

    /// <summary>Switches a node. Asking for what is so already changes nothing.</summary>
    /// <exception cref="NodePowerException">It was asked and did not do it.</exception>
    Task SwitchAsync(string node, bool on, CancellationToken cancellationToken);
}

internal enum PowerState
{
    On,
    Off,

    /// <summary>On its way from one to the other.</summary>
    Changing,
}

/// <summary>A power provider failed; whether the node was switched is not known.</summary>
internal sealed class NodePowerException(string node, string detail) : Exception($"Power of node '{node}': {detail}");
