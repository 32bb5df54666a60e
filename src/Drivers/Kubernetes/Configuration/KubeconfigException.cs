namespace Heal.Drivers.Kubernetes;

/// <summary>The description of the cluster is unusable: the message says which file, which context, what is wrong and what to do.</summary>
public sealed class KubeconfigException(string message, Exception? innerException = null) : Exception(message, innerException);
