namespace Microsoft.DurableTask.Analyzers.Orchestration;

/// <summary>DURABLE0003: delays that no history knows of.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class DelayOrchestrationAnalyzer : ForbiddenApiAnalyzer
{
    /// <summary>The rule's id.</summary>
    public const string DiagnosticId = "DURABLE0003";

    private static readonly DiagnosticDescriptor Delay = Forbid(
        DiagnosticId,
        "An orchestrator waits by itself",
        "a replay waits again, and a restart forgets the wait; use context.CreateTimer");

    private protected override DiagnosticDescriptor Descriptor => Delay;

    private protected override string? ApiOf(IOperation operation) =>
        operation is IInvocationOperation { TargetMethod: var method }
        && (FullName(method.ContainingType), method.Name) is
            ("System.Threading.Tasks.Task", "Delay") or ("System.Threading.Thread", "Sleep")
            ? method.ShortName()
            : null;
}
