namespace Heal.Healing;

/// <summary>The causes that the rules can find. Workflow definitions and learned outcomes use these names.</summary>
public static class Causes
{
    /// <summary>Containers of the newest revision crash; the template changed just before.</summary>
    public const string CrashAfterTemplateChange = nameof(CrashAfterTemplateChange);

    /// <summary>The newest revision's image cannot be pulled; the template changed the image.</summary>
    public const string ImagePullAfterTemplateChange = nameof(ImagePullAfterTemplateChange);

    /// <summary>The newest revision refers to a ConfigMap or Secret that does not exist; the template introduced the reference.</summary>
    public const string MissingObjectAfterTemplateChange = nameof(MissingObjectAfterTemplateChange);

    /// <summary>Containers of the newest revision are killed for memory; the template lowered or set the limit.</summary>
    public const string OutOfMemoryAfterTemplateChange = nameof(OutOfMemoryAfterTemplateChange);

    /// <summary>The newest revision does not become ready; the template changed, and nothing else explains it.</summary>
    public const string RolloutStuckAfterTemplateChange = nameof(RolloutStuckAfterTemplateChange);

    /// <summary>Containers are killed for memory under an unchanged limit.</summary>
    public const string OutOfMemory = nameof(OutOfMemory);

    /// <summary>An image that worked before cannot be pulled: credentials or registry.</summary>
    public const string ImagePullUnchanged = nameof(ImagePullUnchanged);

    /// <summary>A ConfigMap or Secret that the pods always used is gone.</summary>
    public const string MissingObject = nameof(MissingObject);

    /// <summary>A ConfigMap was changed in place, under an unchanged template.</summary>
    public const string ConfigChangedInPlace = nameof(ConfigChangedInPlace);

    /// <summary>The failing pods are on nodes that are not ready.</summary>
    public const string NodeNotReady = nameof(NodeNotReady);

    /// <summary>Something fails and no recent change explains it.</summary>
    public const string NoChangeFound = nameof(NoChangeFound);

    public static IReadOnlyList<string> All { get; } =
    [
        CrashAfterTemplateChange, ImagePullAfterTemplateChange, MissingObjectAfterTemplateChange, OutOfMemoryAfterTemplateChange,
        RolloutStuckAfterTemplateChange, OutOfMemory, ImagePullUnchanged, MissingObject, ConfigChangedInPlace, NodeNotReady, NoChangeFound,
    ];
}
