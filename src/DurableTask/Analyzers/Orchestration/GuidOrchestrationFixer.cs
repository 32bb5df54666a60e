using System.Composition;
using Microsoft.CodeAnalysis.CodeFixes;

namespace Microsoft.DurableTask.Analyzers.Orchestration;

/// <summary>Fixes DURABLE0002 with the context's GUIDs.</summary>
[Shared]
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(GuidOrchestrationFixer))]
public sealed class GuidOrchestrationFixer : OrchestrationContextFixer
{
    /// <inheritdoc />
    public override ImmutableArray<string> FixableDiagnosticIds => [GuidOrchestrationAnalyzer.DiagnosticId];

    private protected override string? Replacement(IOperation operation, string context) =>
        operation is IInvocationOperation { TargetMethod.ContainingType.Name: "Guid" } ? $"{context}.NewGuid()" : null;
}
