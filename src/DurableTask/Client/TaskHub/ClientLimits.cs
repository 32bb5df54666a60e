namespace Microsoft.DurableTask.Client;

/// <summary>What a client refuses, or does in steps, so that no single call can hurt the storage.</summary>
internal static class ClientLimits
{
    /// <summary>The longest instance id that can be created, in characters: what the storage holds, of sub-orchestrations too.</summary>
    public const int InstanceIdLength = 512;

    /// <summary>The longest id of an entity that can be addressed, in characters, with both '@'.</summary>
    public const int EntityIdLength = 512;

    /// <summary>How many entities a clean-up looks at in one step.</summary>
    public const int CleanBatch = 500;

    /// <summary>The longest name of an orchestrator or event, in characters.</summary>
    public const int NameLength = 256;

    /// <summary>The most instances that one page of a query holds; larger page sizes are cut to it.</summary>
    public const int PageSize = 1000;

    /// <summary>How many instances a purge reads and removes in one step.</summary>
    public const int PurgeBatch = 100;

    /// <summary>How often a start tries to replace an instance that others replace at the same time.</summary>
    public const int ReplaceAttempts = 5;
}
