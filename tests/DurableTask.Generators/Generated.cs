using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.DurableTask.Generators;

namespace Heal.DurableTask.Generators.Tests;

/// <summary>What the generator made of a source.</summary>
internal sealed class Generated
{
    private Generated(Compilation compilation, GeneratorRunResult run)
    {
        Compilation = compilation;
        Complaints = run.Diagnostics;
        Source = run.GeneratedSources is [var only] ? only.SourceText.ToString() : "";
    }

    public Compilation Compilation { get; }

    public ImmutableArray<Diagnostic> Complaints { get; }

    /// <summary>Empty if it generated nothing.</summary>
    public string Source { get; }

    /// <summary>Runs the generator on a standalone project, unless told otherwise.</summary>
    public static Generated From(string source, string type = "Standalone", string[]? without = null)
    {
        var compilation = TestCompilation.Create("using Microsoft.DurableTask;\n" + source, without);
        var driver = Driver(type).RunGeneratorsAndUpdateCompilation(compilation, out var updated, out _);
        return new Generated(updated, driver.GetRunResult().Results.Single());
    }

    /// <summary>Fails unless source and generated source compile together without a warning, and the generator had no complaint.</summary>
    public Generated Compiles()
    {
        Assert.Empty(Complaints);
        var faults = string.Join('\n', TestCompilation.FaultsOf(Compilation));
        Assert.True(faults.Length == 0, $"{faults}\n{Source}");
        return this;
    }

    /// <summary>The generated methods, as "Namespace.Method(parameter types) : result", without those of the framework's own.</summary>
    public string[] Methods(string className = "GeneratedDurableTaskExtensions") =>
    [
        .. Compilation.Assembly.GetForwardedTypes().Concat(Types(Compilation.Assembly.GlobalNamespace))
            .Where(type => type.Name == className)
            .SelectMany(static type => type.GetMembers().OfType<IMethodSymbol>())
            .Where(static method => method.DeclaredAccessibility != Accessibility.Private)
            .Select(Describe)
            .Order(StringComparer.Ordinal),
    ];

    public static GeneratorDriver Driver(string type) => CSharpGeneratorDriver.Create(
        [new DurableTaskSourceGenerator().AsSourceGenerator()],
        parseOptions: TestCompilation.Language,
        optionsProvider: new ProjectOptions(type),
        driverOptions: new GeneratorDriverOptions(IncrementalGeneratorOutputKind.None, trackIncrementalGeneratorSteps: true));

    private static IEnumerable<INamedTypeSymbol> Types(INamespaceSymbol space) =>
        space.GetTypeMembers().Concat(space.GetNamespaceMembers().SelectMany(Types));

    private static string Describe(IMethodSymbol method)
    {
        var format = SymbolDisplayFormat.MinimallyQualifiedFormat;
        var parameters = method.Parameters.Skip(method.IsExtensionMethod ? 1 : 0)
            .Select(parameter => parameter.Type.ToDisplayString(format) + (parameter.IsOptional ? " = default" : ""));
        return $"{method.DeclaredAccessibility.ToString().ToLowerInvariant()} {method.Name}({string.Join(", ", parameters)})"
            + $" : {method.ReturnType.ToDisplayString(format)}";
    }

    private sealed class ProjectOptions(string type) : AnalyzerConfigOptionsProvider
    {
        public override AnalyzerConfigOptions GlobalOptions { get; } = new Values(type);

        public override AnalyzerConfigOptions GetOptions(SyntaxTree tree) => GlobalOptions;

        public override AnalyzerConfigOptions GetOptions(AdditionalText textFile) => GlobalOptions;

        private sealed class Values(string type) : AnalyzerConfigOptions
        {
            public override bool TryGetValue(string key, out string value)
            {
                value = key == "build_property.DurableTaskGeneratorProjectType" ? type : "";
                return value.Length > 0;
            }
        }
    }
}
