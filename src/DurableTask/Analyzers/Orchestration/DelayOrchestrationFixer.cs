using System.Composition;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Microsoft.DurableTask.Analyzers.Orchestration;

/// <summary>Fixes DURABLE0003 with a durable timer.</summary>
[Shared]
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(DelayOrchestrationFixer))]
public sealed class DelayOrchestrationFixer : OrchestrationContextFixer
{
    /// <inheritdoc />
    public override ImmutableArray<string> FixableDiagnosticIds => [DelayOrchestrationAnalyzer.DiagnosticId];

    private protected override string? Replacement(IOperation operation, string context)
    {
        if (operation is not IInvocationOperation { Arguments: { Length: > 0 } arguments } call) return null;
        var isSleep = call.TargetMethod.Name == "Sleep";
        // a timer can only be awaited
        if (isSleep && !IsInAsync(call.Syntax)) return null;
        var delay = arguments[0].Value;
        var length = delay.Type?.SpecialType == SpecialType.System_Int32
            ? $"System.TimeSpan.FromMilliseconds({delay.Syntax})"
            : delay.Syntax.ToString();
        var token = call.Argument("cancellationToken")?.Value.Syntax.ToString() ?? "System.Threading.CancellationToken.None";
        return $"{(isSleep ? "await " : "")}{context}.CreateTimer({length}, {token})";
    }

    private static bool IsInAsync(SyntaxNode node) => node.Ancestors()
        .Select(static scope => scope switch
        {
            AnonymousFunctionExpressionSyntax function => function.Modifiers,
            LocalFunctionStatementSyntax function => function.Modifiers,
            BaseMethodDeclarationSyntax method => method.Modifiers,
            _ => (SyntaxTokenList?)null,
        })
        .FirstOrDefault(static modifiers => modifiers is not null) is { } found && found.Any(SyntaxKind.AsyncKeyword);
}
