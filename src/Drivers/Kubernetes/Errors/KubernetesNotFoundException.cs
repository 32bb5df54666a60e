namespace Heal.Drivers.Kubernetes;

/// <summary>The object, or the kind itself, does not exist on this server.</summary>
public sealed class KubernetesNotFoundException(KubernetesApiError error, bool isAboutObject) : KubernetesApiException(error)
{
    /// <summary>
    /// True: the kind is served and has no object of this name. False: the server does not serve the kind (in this version).
    /// </summary>
    public bool IsAboutObject { get; } = isAboutObject;
}
