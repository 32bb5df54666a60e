namespace Microsoft.DurableTask.Analyzers.Functions.AttributeBinding;

/// <summary>DURABLE1001: an orchestrator's trigger is on its context.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class OrchestrationTriggerBindingAnalyzer : MatchingAttributeBindingAnalyzer
{
    /// <summary>The rule's id.</summary>
    public const string DiagnosticId = "DURABLE1001";

    internal const string Bound = "Microsoft.DurableTask.TaskOrchestrationContext";

    private static readonly DiagnosticDescriptor Rule = Define(DiagnosticId, "OrchestrationTrigger", "TaskOrchestrationContext");

    private protected override DiagnosticDescriptor Mismatch => Rule;

    private protected override string AttributeName => "OrchestrationTriggerAttribute";

    private protected override string TypeName => Bound;
}
