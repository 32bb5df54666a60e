using System.Composition;
using Microsoft.CodeAnalysis.CodeFixes;

namespace Microsoft.DurableTask.Analyzers.Functions.AttributeBinding;

/// <summary>Fixes DURABLE1003 with the type that the attribute is for.</summary>
[Shared]
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(EntityTriggerBindingFixer))]
public sealed class EntityTriggerBindingFixer : MatchingAttributeBindingFixer
{
    /// <inheritdoc />
    public override ImmutableArray<string> FixableDiagnosticIds => [EntityTriggerBindingAnalyzer.DiagnosticId];

    private protected override string TypeName => EntityTriggerBindingAnalyzer.Bound;
}
