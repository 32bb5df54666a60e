using System.Text;
using Microsoft.CodeAnalysis.CSharp;

namespace Microsoft.DurableTask.Generators.Emission;

/// <summary>Text with braces and indentation. Line ends are the same on every machine, so that builds are reproducible.</summary>
internal sealed class SourceWriter
{
    private readonly StringBuilder _text = new();
    private int _depth;
    private bool _isFirst = true;

    public static string Literal(string text) => SymbolDisplay.FormatLiteral(text, quote: true);

    public SourceWriter Line(string line)
    {
        _isFirst = false;
        if (line.Length > 0) _text.Append(' ', 4 * _depth).Append(line);
        _text.Append('\n');
        return this;
    }

    /// <summary>An empty line, unless a brace was opened just now.</summary>
    public SourceWriter Gap() => _isFirst ? this : Line("");

    public SourceWriter Open(string head)
    {
        Line(head).Line("{");
        _depth++;
        _isFirst = true;
        return this;
    }

    public SourceWriter Close()
    {
        _depth--;
        return Line("}");
    }

    /// <summary>A method whose body is one expression.</summary>
    public SourceWriter Method(string summary, string head, string body)
    {
        Gap().Line($"/// <summary>{summary}</summary>").Line(head);
        _depth++;
        Line($"=> {body};");
        _depth--;
        return this;
    }

    public override string ToString() => _text.ToString();
}
