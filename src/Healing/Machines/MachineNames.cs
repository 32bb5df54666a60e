namespace Heal.Healing;

/// <summary>The names that the healer keeps in a domain's metadata, under namespaces of its own.</summary>
public static class MachineNames
{
    /// <summary>What a domain should be and who may touch it: the element <c>vm</c>. See <see cref="MachineMark"/>.</summary>
    public const string VmNamespace = "urn:heal:vm:1";

    /// <summary>What an action of ours left: the element <c>operation</c>. See <see cref="OperationMark"/>.</summary>
    public const string OperationNamespace = "urn:heal:operation:1";

    public const string OperationPrefix = "healop";
}
