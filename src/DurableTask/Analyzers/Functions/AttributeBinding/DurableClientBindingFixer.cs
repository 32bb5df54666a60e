using System.Composition;
using Microsoft.CodeAnalysis.CodeFixes;

namespace Microsoft.DurableTask.Analyzers.Functions.AttributeBinding;

/// <summary>Fixes DURABLE1002 with the type that the attribute is for.</summary>
[Shared]
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(DurableClientBindingFixer))]
public sealed class DurableClientBindingFixer : MatchingAttributeBindingFixer
{
    /// <inheritdoc />
    public override ImmutableArray<string> FixableDiagnosticIds => [DurableClientBindingAnalyzer.DiagnosticId];

    private protected override string TypeName => DurableClientBindingAnalyzer.Bound;
}
