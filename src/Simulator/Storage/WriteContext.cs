namespace Heal.Simulator.Storage;

/// <summary>Who writes, through which subresource, and whether it is only a rehearsal.</summary>
internal sealed record WriteContext(string Manager, string Subresource = "", bool DryRun = false, bool IsApply = false)
{
    public static readonly WriteContext Controllers = new("kube-controller-manager");
    public static readonly WriteContext ControllerStatus = new("kube-controller-manager", "status");
    public static readonly WriteContext Scheduler = new("kube-scheduler");
    public static readonly WriteContext KubeletStatus = new("kubelet", "status");
}

/// <summary>How an object is deleted. Null grace: the object's own.</summary>
internal sealed record DeleteOptions(
    long? GraceSeconds = null, string Propagation = "Background", string? Uid = null, string? Version = null, bool DryRun = false);
