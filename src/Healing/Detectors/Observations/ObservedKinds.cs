namespace Heal.Healing;

/// <summary>Kinds that are observed and never a target.</summary>
public static class ObservedKinds
{
    /// <summary>Endpoints, or EndpointSlices where the server has them.</summary>
    public const string Backends = "Backends";
}
