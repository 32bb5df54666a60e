using DurableTask.Core.Command;

namespace DurableTask.Core;

/// <summary>What a turn of an orchestrator came to.</summary>
public class OrchestratorExecutionResult
{
    /// <summary>What the code asked for and the history does not hold yet, in order; the end of the execution comes last.</summary>
    public IEnumerable<OrchestratorAction> Actions { get; set; } = [];

    /// <summary>The custom status, as JSON.</summary>
    public string? CustomStatus { get; set; }
}
