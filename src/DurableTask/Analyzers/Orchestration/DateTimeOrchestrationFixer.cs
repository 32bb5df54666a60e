using System.Composition;
using Microsoft.CodeAnalysis.CodeFixes;

namespace Microsoft.DurableTask.Analyzers.Orchestration;

/// <summary>Fixes DURABLE0001 with the context's clock.</summary>
[Shared]
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(DateTimeOrchestrationFixer))]
public sealed class DateTimeOrchestrationFixer : OrchestrationContextFixer
{
    /// <inheritdoc />
    public override ImmutableArray<string> FixableDiagnosticIds => [DateTimeOrchestrationAnalyzer.DiagnosticId];

    private protected override string? Replacement(IOperation operation, string context) => operation switch
    {
        IPropertyReferenceOperation { Property.ContainingType.Name: "DateTimeOffset" } =>
            $"(System.DateTimeOffset){context}.CurrentUtcDateTime",
        IPropertyReferenceOperation { Property.Name: "Today" } => $"{context}.CurrentUtcDateTime.Date",
        IPropertyReferenceOperation => $"{context}.CurrentUtcDateTime",
        IInvocationOperation { TargetMethod: { Name: "GetUtcNow" or "GetLocalNow" } } =>
            $"(System.DateTimeOffset){context}.CurrentUtcDateTime",
        _ => null,
    };
}
