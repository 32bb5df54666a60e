using Microsoft.CodeAnalysis.CodeActions;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Microsoft.DurableTask.Analyzers.Functions.AttributeBinding;

/// <summary>Base of the fixes that give a parameter the type that its attribute is for. Its uses are left to the author.</summary>
public abstract class MatchingAttributeBindingFixer : CodeFixProvider
{
    private protected abstract string TypeName { get; }

    /// <inheritdoc />
    public sealed override FixAllProvider GetFixAllProvider() => WellKnownFixAllProviders.BatchFixer;

    /// <inheritdoc />
    public sealed override async Task RegisterCodeFixesAsync(CodeFixContext context)
    {
        var root = await context.Document.GetSyntaxRootAsync(context.CancellationToken).ConfigureAwait(false);
        var model = await context.Document.GetSemanticModelAsync(context.CancellationToken).ConfigureAwait(false);
        if (root?.FindNode(context.Span).FirstAncestorOrSelf<ParameterSyntax>()?.Type is not { } type) return;
        if (model?.Compilation.GetTypeByMetadataName(TypeName) is not { } wanted) return;
        var better = SyntaxFactory.ParseTypeName(wanted.ToMinimalDisplayString(model, type.SpanStart)).WithTriviaFrom(type);
        context.RegisterCodeFix(
            CodeAction.Create(
                $"Use {wanted.Name}",
                _ => Task.FromResult(context.Document.WithSyntaxRoot(root.ReplaceNode(type, better))),
                GetType().Name),
            context.Diagnostics);
    }
}
