namespace Heal.Healing;

/// <summary>One thing that is wrong with a workflow file: where, and what was expected.</summary>
/// <param name="Line">From 1.</param>
/// <param name="Column">From 1.</param>
/// <param name="Path">Within the document, for example <c>actions[0].timeout</c>; empty for the document itself.</param>
public sealed record WorkflowFault(string File, int Line, int Column, string Path, string Message)
{
    public override string ToString() => $"{File}({Line},{Column}): {(Path.Length > 0 ? Path + ": " : "")}{Message}";
}

/// <summary>The workflow definitions cannot be used. The message lists every fault of every file.</summary>
public sealed class WorkflowDefinitionException(IReadOnlyList<WorkflowFault> faults)
    : Exception($"Workflow definitions: {faults.Count} faults, nothing was loaded.\n{string.Join('\n', faults)}")
{
    public IReadOnlyList<WorkflowFault> Faults { get; } = faults;
}
