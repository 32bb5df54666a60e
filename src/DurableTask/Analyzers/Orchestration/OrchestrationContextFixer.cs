using Microsoft.CodeAnalysis.CodeActions;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Formatting;
using Microsoft.CodeAnalysis.Simplification;

namespace Microsoft.DurableTask.Analyzers.Orchestration;

/// <summary>Base of the fixes that ask the orchestration's context instead. Offered where a context is at hand: a parameter of the method
/// or of one around it, else a field or property of the class.</summary>
public abstract class OrchestrationContextFixer : CodeFixProvider
{
    private const string Context = "Microsoft.DurableTask.TaskOrchestrationContext";

    private static readonly string[] Names = ["System.DateTimeOffset", "System.TimeSpan", "System.Threading.CancellationToken"];

    /// <inheritdoc />
    public sealed override FixAllProvider GetFixAllProvider() => WellKnownFixAllProviders.BatchFixer;

    /// <inheritdoc />
    public sealed override async Task RegisterCodeFixesAsync(CodeFixContext context)
    {
        var root = await context.Document.GetSyntaxRootAsync(context.CancellationToken).ConfigureAwait(false);
        var model = await context.Document.GetSemanticModelAsync(context.CancellationToken).ConfigureAwait(false);
        if (root?.FindNode(context.Span, getInnermostNodeForTie: true) is not ExpressionSyntax node || model is null) return;
        if (model.GetOperation(node, context.CancellationToken) is not { } operation || ContextAt(node, model) is not { } name) return;
        if (Replacement(operation, name) is not { } full) return;
        var text = Shortened(full, model, node.SpanStart);
        context.RegisterCodeFix(
            CodeAction.Create($"Use {text}", _ => Task.FromResult(Replace(context.Document, root, node, text)), GetType().Name),
            context.Diagnostics);
    }

    /// <summary>The expression instead, with full type names; null if there is none.</summary>
    /// <param name="operation">What the rule complained of.</param>
    /// <param name="context">The name of the context.</param>
    private protected abstract string? Replacement(IOperation operation, string context);

    private static Document Replace(Document document, SyntaxNode root, ExpressionSyntax node, string text)
    {
        var expression = SyntaxFactory.ParseExpression(text);
        // a cast needs them where it is part of a longer expression; elsewhere the simplifier takes them away
        if (expression is CastExpressionSyntax) expression = SyntaxFactory.ParenthesizedExpression(expression);
        var better = expression.WithTriviaFrom(node).WithAdditionalAnnotations(Simplifier.Annotation, Formatter.Annotation);
        return document.WithSyntaxRoot(root.ReplaceNode(node, better));
    }

    // as an author would write them here
    private static string Shortened(string text, SemanticModel model, int position)
    {
        foreach (var name in Names)
        {
            var simple = name.Substring(name.LastIndexOf('.') + 1);
            var meant = model.LookupNamespacesAndTypes(position, name: simple);
            if (meant.Length == 1 && meant[0].ToDisplayString() == name) text = text.Replace(name, simple);
        }

        return text;
    }

    private static string? ContextAt(SyntaxNode node, SemanticModel model)
    {
        foreach (var scope in node.AncestorsAndSelf())
        {
            if (scope is not (BaseMethodDeclarationSyntax or LocalFunctionStatementSyntax or AnonymousFunctionExpressionSyntax)) continue;
            var symbol = model.GetDeclaredSymbol(scope) ?? model.GetSymbolInfo(scope).Symbol;
            if (symbol is not IMethodSymbol method) continue;
            if (method.Parameters.FirstOrDefault(parameter => IsContext(parameter.Type)) is { } found) return found.Name;
            // neither sees the variables around it
            if (method.IsStatic) return null;
        }

        var members = model.GetEnclosingSymbol(node.SpanStart)?.ContainingType?.GetMembers() ?? [];
        return members.FirstOrDefault(static member => !member.IsImplicitlyDeclared && member switch
        {
            IFieldSymbol field => IsContext(field.Type),
            IPropertySymbol property => IsContext(property.Type),
            _ => false,
        })?.Name;
    }

    private static bool IsContext(ITypeSymbol type) => type.ToDisplayString(NullableFlowState.None) == Context;
}
