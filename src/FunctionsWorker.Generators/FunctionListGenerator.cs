using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Diagnostics;

namespace Microsoft.Azure.Functions.Worker.Sdk.Generators;

/// <summary>
/// Writes down the functions of a project, so that the host need not look for them when it starts, and complains of those that the host
/// would refuse.
/// </summary>
/// <remarks>The MSBuild property <c>FunctionsEnableMetadataSourceGen</c> (default true) says whether it writes; it complains in any
/// case.</remarks>
[Generator(LanguageNames.CSharp)]
public sealed class FunctionListGenerator : IIncrementalGenerator
{
    private const string FileName = "GeneratedFunctionList.cs";

    /// <inheritdoc />
    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
        var functions = context.SyntaxProvider
            .ForAttributeWithMetadataName(
                Known.Function,
                static (node, _) => node is MethodDeclarationSyntax or LocalFunctionStatementSyntax,
                FunctionReader.Read)
            .Where(static model => model is not null)
            .Collect()
            .Select(static (models, _) => new EquatableArray<FunctionModel>(models.CastArray<FunctionModel>()));
        var namespaces = context.SyntaxProvider
            .ForAttributeWithMetadataName(
                Known.DurableTask, static (node, _) => node is ClassDeclarationSyntax, static (found, _) => NamespaceOf(found.TargetSymbol))
            .Collect()
            .Select(static (names, _) => new EquatableArray<string>(
                [.. names.Distinct(StringComparer.Ordinal).OrderBy(static name => name, StringComparer.Ordinal)]));
        var assemblies = context.CompilationProvider.Select(
            static (compilation, _) => new EquatableArray<string>(AssemblyReader.WithFunctions(compilation)));
        var knowsLists = context.CompilationProvider.Select(
            static (compilation, _) => compilation.GetTypeByMetadataName(Known.FunctionList) is not null);
        var settings = context.AnalyzerConfigOptionsProvider.Select(static (options, _) => new ProjectSettings(
            WantsList: !Is(options.GlobalOptions, "FunctionsEnableMetadataSourceGen", "false"),
            SeesAllAssemblies: !Is(options.GlobalOptions, "DisableTransitiveProjectReferences", "true")));

        var project = functions.Combine(namespaces).Combine(assemblies).Combine(settings).Combine(knowsLists).Select(static (all, _) =>
        {
            var ((((functionList, namespaceList), assemblyList), projectSettings), knows) = all;
            return new ProjectModel(functionList, namespaceList, assemblyList, projectSettings, knows);
        });
        context.RegisterSourceOutput(project, static (output, model) =>
        {
            foreach (var fault in ProjectCheck.Run(model.Functions))
            {
                output.ReportDiagnostic(fault.ToDiagnostic());
            }

            if (model.KnowsLists && model.Settings.WantsList) output.AddSource(FileName, ListFile.Write(model));
        });
    }

    // Where the generator of the durable tasks writes: into its own namespace what has none.
    private static string NamespaceOf(ISymbol task) =>
        task.ContainingNamespace is { IsGlobalNamespace: false } space ? space.ToDisplayString() : Known.TaskNamespace;

    private static bool Is(AnalyzerConfigOptions options, string property, string value) =>
        options.TryGetValue("build_property." + property, out var text) && string.Equals(text, value, StringComparison.OrdinalIgnoreCase);
}
