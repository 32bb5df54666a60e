namespace Heal.Drivers.Kubernetes;

/// <summary>The object, or the kind itself, does not exist on this server.</summary>
public sealed class KubernetesNotFoundException(KubernetesApiError error) : KubernetesApiException(error);
