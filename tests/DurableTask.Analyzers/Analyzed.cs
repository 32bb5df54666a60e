using System.Collections.Immutable;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Text;

namespace Heal.DurableTask.Analyzers.Tests;

/// <summary>A source in which <c>[|these marks|]</c> stand around each place that a rule must complain of, and no other.</summary>
internal sealed class Analyzed
{
    private const string Usings = """
        global using System.Diagnostics;
        global using System.IO;
        global using System.Net.Http;
        global using System.Net.Http.Json;
        global using Microsoft.Azure.Functions.Worker;
        global using Microsoft.DurableTask;
        global using Microsoft.DurableTask.Client;
        global using Microsoft.DurableTask.Entities;
        global using Microsoft.Extensions.Logging;
        """;

    private Analyzed(ImmutableArray<Diagnostic> found)
    {
        Messages = [.. found.Select(static diagnostic => diagnostic.GetMessage())];
        Severities = [.. found.Select(static diagnostic => diagnostic.Severity).Distinct()];
    }

    public string[] Messages { get; }

    public DiagnosticSeverity[] Severities { get; }

    /// <summary>Fails unless the rule complains of the marked places exactly.</summary>
    public static async Task<Analyzed> ByAsync<TAnalyzer>(string id, string marked, params MetadataReference[] references)
        where TAnalyzer : DiagnosticAnalyzer, new()
    {
        var (source, places) = Unmark(marked);
        var compilation = CompilationOf(source, references);
        Assert.DoesNotContain(compilation.GetDiagnostics(), static diagnostic => diagnostic.Severity == DiagnosticSeverity.Error);
        var found = (await FindAsync<TAnalyzer>(compilation)).Where(diagnostic => diagnostic.Id == id).ToImmutableArray();
        Assert.Equal(
            places.Select(place => source.Substring(place.Start, place.Length)),
            found.Select(diagnostic => source.Substring(diagnostic.Location.SourceSpan.Start, diagnostic.Location.SourceSpan.Length)));
        Assert.Equal(places, found.Select(static diagnostic => diagnostic.Location.SourceSpan));
        return new Analyzed(found);
    }

    public static Compilation CompilationOf(string source, params MetadataReference[] references) =>
        TestCompilation.Create(source, references: references).AddSyntaxTrees(TestCompilation.Parse(Usings, "MoreUsings.cs"));

    public static async Task<ImmutableArray<Diagnostic>> FindAsync<TAnalyzer>(Compilation compilation)
        where TAnalyzer : DiagnosticAnalyzer, new()
    {
        var found = await compilation.WithAnalyzers([new TAnalyzer()]).GetAnalyzerDiagnosticsAsync();
        Assert.DoesNotContain(found, static diagnostic => diagnostic.Id == "AD0001");
        return [.. found.OrderBy(static diagnostic => diagnostic.Location.SourceSpan.Start)];
    }

    private static (string Source, List<TextSpan> Places) Unmark(string marked)
    {
        var source = new StringBuilder();
        var open = new Stack<int>();
        var places = new List<TextSpan>();
        for (var i = 0; i < marked.Length; i++)
        {
            var two = marked.AsSpan(i, Math.Min(2, marked.Length - i));
            if (two is "[|")
            {
                open.Push(source.Length);
                i++;
            }
            else if (two is "|]")
            {
                places.Add(TextSpan.FromBounds(open.Pop(), source.Length));
                i++;
            }
            else
            {
                source.Append(marked[i]);
            }
        }

        places.Sort();
        return (source.ToString(), places);
    }
}
