using System.Text.Json.Nodes;

namespace Heal.Activities;

/// <summary>
/// Groups of nodes that something else makes and takes away. A further provider (a cloud's own groups) implements this, with an effect of
/// its own if its size is no field of an object in the cluster.
/// </summary>
internal interface INodePool
{
    /// <param name="pool">As the provider names it.</param>
    /// <returns>Null when this provider does not know the pool.</returns>
    Task<NodePool?> ReadAsync(ActionTools tools, string pool, CancellationToken cancellationToken);

    /// <summary>What changes the pool's size; its inverse must put the old one back.</summary>
    Effect Scale(NodePool pool, int nodes);
}

/// <param name="Desired">How many nodes it is to have.</param>
/// <param name="Ready">How many of them are ready.</param>
/// <param name="Objection">Why it must not be scaled by hand; null when it may.</param>
/// <param name="Live">The provider's own view.</param>
internal sealed record NodePool(string Name, int Desired, int Ready, string? Objection, JsonObject Live);
