using System.Composition;
using Microsoft.CodeAnalysis.CodeFixes;

namespace Microsoft.DurableTask.Analyzers.Functions.AttributeBinding;

/// <summary>Fixes DURABLE1001 with the type that the attribute is for.</summary>
[Shared]
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(OrchestrationTriggerBindingFixer))]
public sealed class OrchestrationTriggerBindingFixer : MatchingAttributeBindingFixer
{
    /// <inheritdoc />
    public override ImmutableArray<string> FixableDiagnosticIds => [OrchestrationTriggerBindingAnalyzer.DiagnosticId];

    private protected override string TypeName => OrchestrationTriggerBindingAnalyzer.Bound;
}
