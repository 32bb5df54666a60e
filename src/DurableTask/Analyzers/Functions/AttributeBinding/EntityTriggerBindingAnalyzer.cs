namespace Microsoft.DurableTask.Analyzers.Functions.AttributeBinding;

/// <summary>DURABLE1003: an entity's trigger is on its dispatcher.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class EntityTriggerBindingAnalyzer : MatchingAttributeBindingAnalyzer
{
    /// <summary>The rule's id.</summary>
    public const string DiagnosticId = "DURABLE1003";

    internal const string Bound = "Microsoft.Azure.Functions.Worker.TaskEntityDispatcher";

    private static readonly DiagnosticDescriptor Rule = Define(DiagnosticId, "EntityTrigger", "TaskEntityDispatcher");

    private protected override DiagnosticDescriptor Mismatch => Rule;

    private protected override string AttributeName => "EntityTriggerAttribute";

    private protected override string TypeName => Bound;
}
