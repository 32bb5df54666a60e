using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace Microsoft.DurableTask.Generators.Models;

/// <summary>Where something is declared, without holding the syntax tree (and with it a whole compilation) in memory.</summary>
internal sealed record SourcePlace(string Path, TextSpan Span, LinePositionSpan Lines)
{
    public Location ToLocation() => Location.Create(Path, Span, Lines);

    public static SourcePlace Of(SyntaxNode node)
    {
        var lines = node.SyntaxTree.GetLineSpan(node.Span);
        return new SourcePlace(node.SyntaxTree.FilePath, node.Span, lines.Span);
    }
}
