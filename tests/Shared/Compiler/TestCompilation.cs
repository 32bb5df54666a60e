using System.Reflection;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Heal.Shared.Tests;

/// <summary>Source text as a compiler component sees it: compiled against the assemblies that the test itself runs on.</summary>
internal static class TestCompilation
{
    public static readonly CSharpParseOptions Language = new(LanguageVersion.Latest, DocumentationMode.Diagnose);

    private const string Usings = """
        global using System;
        global using System.Collections.Generic;
        global using System.Linq;
        global using System.Threading;
        global using System.Threading.Tasks;
        """;

    private static readonly Lazy<MetadataReference[]> Assemblies = new(() =>
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(static path => !IsOurs(path))
            .Select(static path => MetadataReference.CreateFromFile(path)),
    ]);

    /// <summary>A library of one file, with implicit usings, nullable reference types and documentation as in a new project.</summary>
    /// <param name="source">The file.</param>
    /// <param name="without">Simple names of assemblies that the project does not reference.</param>
    /// <param name="references">Other compilations that it does reference.</param>
    public static CSharpCompilation Create(string source, string[]? without = null, params MetadataReference[] references) =>
        CSharpCompilation.Create(
            "TestProject",
            [Parse(Usings, "Usings.cs"), Parse(source, "Test.cs")],
            [.. Assemblies.Value.Where(reference => !IsOneOf(reference, without)), .. references],
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable)
                .WithSpecificDiagnosticOptions([new("CS1591", ReportDiagnostic.Suppress)]));

    public static SyntaxTree Parse(string source, string path) => CSharpSyntaxTree.ParseText(source, Language, path);

    /// <summary>Errors and warnings of the compiler itself.</summary>
    public static IEnumerable<string> FaultsOf(Compilation compilation) => compilation.GetDiagnostics()
        .Where(static diagnostic => diagnostic.Severity >= DiagnosticSeverity.Warning)
        .Select(static diagnostic => diagnostic.ToString());

    /// <summary>The compilation as another one references it.</summary>
    public static MetadataReference ToReference(Compilation compilation)
    {
        using var stream = new MemoryStream();
        var result = compilation.Emit(stream);
        Assert.True(result.Success, string.Join('\n', result.Diagnostics));
        return MetadataReference.CreateFromImage(stream.ToArray());
    }

    public static Assembly Load(Compilation compilation)
    {
        using var stream = new MemoryStream();
        var result = compilation.Emit(stream);
        Assert.True(result.Success, string.Join('\n', result.Diagnostics));
        return Assembly.Load(stream.ToArray());
    }

    // the test project's own names must not be visible in what it compiles
    private static bool IsOurs(string path) => Path.GetFileName(path).StartsWith("Heal.", StringComparison.Ordinal);

    private static bool IsOneOf(MetadataReference reference, string[]? names) =>
        names is not null && names.Contains(Path.GetFileNameWithoutExtension(reference.Display), StringComparer.Ordinal);
}
