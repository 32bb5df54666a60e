namespace Microsoft.DurableTask.Analyzers.Orchestration;

/// <summary>DURABLE0006: what differs from machine to machine.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class EnvironmentOrchestrationAnalyzer : ForbiddenApiAnalyzer
{
    /// <summary>The rule's id.</summary>
    public const string DiagnosticId = "DURABLE0006";

    private static readonly DiagnosticDescriptor Machine = Define(
        DiagnosticId,
        "An orchestrator asks its environment",
        "a replay on another machine, or after a deployment, gets another answer; pass it in as input, or ask in an activity");

    private protected override DiagnosticDescriptor Forbidden => Machine;

    private protected override string? ApiOf(IOperation operation) => operation switch
    {
        IInvocationOperation { TargetMethod: var method } when FullName(method.ContainingType) == "System.Environment" =>
            method.ShortName(),
        IPropertyReferenceOperation { Property: var property } when FullName(property.ContainingType) == "System.Environment"
            && property.Name != "NewLine" => property.ShortName(),
        _ => null,
    };
}
