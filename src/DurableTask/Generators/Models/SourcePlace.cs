using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace Microsoft.DurableTask.Generators.Models;

/// <summary>Where something is declared, without holding the syntax tree (and with it a whole compilation) in memory.</summary>
internal sealed record SourcePlace(string Path, TextSpan Span, LinePositionSpan Lines)
{
    public Location ToLocation() => Location.Create(Path, Span, Lines);

    /// <summary>The name that an attribute gives, else the attribute.</summary>
    public static SourcePlace OfName(AttributeData attribute, SyntaxNode target, CancellationToken cancellation)
    {
        var syntax = attribute.ApplicationSyntaxReference?.GetSyntax(cancellation) as AttributeSyntax;
        var name = syntax?.ArgumentList?.Arguments.FirstOrDefault(static argument => argument.NameEquals is null);
        return Of(name?.Expression ?? syntax ?? target);
    }

    public static SourcePlace Of(SyntaxNode node)
    {
        var lines = node.SyntaxTree.GetLineSpan(node.Span);
        return new SourcePlace(node.SyntaxTree.FilePath, node.Span, lines.Span);
    }
}
