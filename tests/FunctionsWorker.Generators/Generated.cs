using System.Collections.Immutable;
using System.Reflection;
using Microsoft.Azure.Functions.Worker.Discovery;
using Microsoft.Azure.Functions.Worker.Sdk.Generators;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.DurableTask.Generators;

namespace Heal.FunctionsWorker.Generators.Tests;

/// <summary>What the generators made of a source.</summary>
internal sealed class Generated
{
    private const string Usings = """
        using Microsoft.AspNetCore.Http;
        using IActionResult = Microsoft.AspNetCore.Mvc.IActionResult;
        using Microsoft.Azure.Functions.Worker;
        using Microsoft.Azure.Functions.Worker.Http;
        using Microsoft.DurableTask;
        using Microsoft.DurableTask.Client;

        """;

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

    /// <summary>Runs the generators, both on the source and neither on what the other writes, as the compiler does.</summary>
    public static Generated From(
        string source, string name = "TestProject", string[]? properties = null, params MetadataReference[] references)
    {
        Compilation compilation = TestCompilation.Create(Usings + source, without: null, references).WithAssemblyName(name);
        var driver = Driver(properties).RunGeneratorsAndUpdateCompilation(compilation, out var updated, out _);
        return new Generated(updated, driver.GetRunResult().Results[0]);
    }

    /// <summary>Methods of a public class.</summary>
    public static Generated FromClass(string members) => From($"public class Functions\n{{\n{members}\n}}");

    /// <summary>Fails unless source and generated source compile together without an error, and the generator had no complaint.</summary>
    public Generated Compiles()
    {
        Assert.Empty(Complaints);
        Assert.Equal([], TestCompilation.FaultsOf(Compilation).Where(static fault => fault.Contains(": error", StringComparison.Ordinal)));
        return this;
    }

    public Assembly Load() => TestCompilation.Load(Compiles().Compilation);

    /// <summary>What the host reads from the list, as "name = Class.Method".</summary>
    public static string[] Listed(Assembly assembly)
    {
        Assert.NotNull(DeclaredFunctions.ListOf(assembly));
        return Describe(DeclaredFunctions.Of(assembly));
    }

    /// <summary>What the host finds when it looks at every method.</summary>
    public static string[] Found(Assembly assembly) => Describe(DeclaredFunctions.Found(assembly.GetTypes()));

    public static GeneratorDriver Driver(string[]? properties = null) => CSharpGeneratorDriver.Create(
        [new FunctionListGenerator().AsSourceGenerator(), new DurableTaskSourceGenerator().AsSourceGenerator()],
        parseOptions: TestCompilation.Language,
        optionsProvider: new ProjectOptions(properties ?? []),
        driverOptions: new GeneratorDriverOptions(IncrementalGeneratorOutputKind.None, trackIncrementalGeneratorSteps: true));

    private static string[] Describe(IEnumerable<(string Name, MethodInfo Method)> functions) =>
    [
        .. functions
            .Select(static f => $"{f.Name} = {f.Method.DeclaringType!.FullName}.{f.Method.Name}("
                + string.Join(", ", f.Method.GetParameters().Select(static p => p.ParameterType.ToString())) + ")")
            .Order(StringComparer.Ordinal),
    ];

    private sealed class ProjectOptions(string[] properties) : AnalyzerConfigOptionsProvider
    {
        public override AnalyzerConfigOptions GlobalOptions { get; } = new Values(properties);

        public override AnalyzerConfigOptions GetOptions(SyntaxTree tree) => GlobalOptions;

        public override AnalyzerConfigOptions GetOptions(AdditionalText textFile) => GlobalOptions;

        private sealed class Values(string[] properties) : AnalyzerConfigOptions
        {
            public override bool TryGetValue(string key, out string value)
            {
                value = properties.Select(static p => p.Split('='))
                    .Where(pair => key == "build_property." + pair[0]).Select(static pair => pair[1]).FirstOrDefault("");
                return value.Length > 0;
            }
        }
    }
}
