namespace Heal.Activities;

/// <summary>What the healer writes on objects, and looks for on them.</summary>
public static class KubernetesNames
{
    /// <summary>Annotation or label on a workload or namespace: observe, advise, approve or act.</summary>
    public const string Autonomy = "heal.internal/autonomy";

    /// <summary>
    /// Annotation or label on an object, its workload or its namespace: somebody works on it; detectors say nothing, and nothing is done to
    /// it. "true", or as an annotation the time (RFC 3339) when it ends; "false" is none.
    /// </summary>
    public const string Maintenance = "heal.internal/maintenance";

    /// <summary>Annotation with the idempotency key of the last operation on the object.</summary>
    public const string Operation = "heal.internal/operation";

    /// <summary>Under which name the API server notes the fields that we change.</summary>
    public const string FieldManager = "heal";
}
