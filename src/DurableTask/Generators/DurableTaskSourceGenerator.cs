using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Diagnostics;

namespace Microsoft.DurableTask.Generators;

/// <summary>
/// Writes what an application would otherwise spell by hand and by string: typed calls of its orchestrators, activities and events, and
/// their registration - in a function app the functions around class-based tasks, elsewhere <c>AddAllGeneratedTasks</c>.
/// </summary>
/// <remarks>The MSBuild property <c>DurableTaskGeneratorProjectType</c> (Auto, Functions, Standalone; default Auto) overrides what
/// the generator sees for itself.</remarks>
[Generator(LanguageNames.CSharp)]
public sealed class DurableTaskSourceGenerator : IIncrementalGenerator
{
    private const string FileName = "GeneratedDurableTaskExtensions.cs";
    private const string TypeProperty = "build_property.DurableTaskGeneratorProjectType";
    private const string TriggerAttribute = "Microsoft.Azure.Functions.Worker.OrchestrationTriggerAttribute";

    /// <inheritdoc />
    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
        var tasks = Marked(context, TaskReader.Attribute, static node => node is ClassDeclarationSyntax, TaskReader.Read);
        var events = Marked(context, EventReader.Attribute, static node => node is TypeDeclarationSyntax, EventReader.Read);
        var functions = Marked(context, FunctionReader.Attribute, static node => node is MethodDeclarationSyntax, FunctionReader.Read);
        var wanted = context.AnalyzerConfigOptionsProvider.Select(static (options, _) => WantedType(options.GlobalOptions));
        var knowsTriggers = context.CompilationProvider.Select(
            static (compilation, _) => compilation.GetTypeByMetadataName(TriggerAttribute) is not null);

        var project = tasks.Combine(events).Combine(functions).Combine(wanted).Combine(knowsTriggers).Select(static (all, _) =>
        {
            var ((((taskList, eventList), functionList), type), triggers) = all;
            return new ProjectModel(taskList, eventList, functionList, Decide(type, functionList, triggers));
        });

        context.RegisterSourceOutput(project, static (output, model) =>
        {
            var (checkedModel, faults) = ProjectCheck.Run(model);
            foreach (var fault in faults)
            {
                output.ReportDiagnostic(fault);
            }

            if (ExtensionsFile.Write(checkedModel) is { } source) output.AddSource(FileName, source);
        });
    }

    private static IncrementalValueProvider<EquatableArray<TModel>> Marked<TModel>(
        IncrementalGeneratorInitializationContext context,
        string attribute,
        Func<SyntaxNode, bool> isTarget,
        Func<GeneratorAttributeSyntaxContext, CancellationToken, TModel?> read)
        where TModel : class, IEquatable<TModel> => context.SyntaxProvider
            .ForAttributeWithMetadataName(attribute, (node, _) => isTarget(node), read)
            .Where(static model => model is not null)
            .Collect()
            .Select(static (models, _) => new EquatableArray<TModel>(models.CastArray<TModel>()));

    private static ProjectType WantedType(AnalyzerConfigOptions options) =>
        options.TryGetValue(TypeProperty, out var text) && Enum.TryParse<ProjectType>(text, ignoreCase: true, out var type)
            ? type
            : ProjectType.Auto;

    private static ProjectType Decide(ProjectType wanted, IEnumerable<FunctionModel> functions, bool knowsTriggers) =>
        wanted != ProjectType.Auto ? wanted
        : knowsTriggers || functions.Any(static function => function.Trigger != FunctionTrigger.Other) ? ProjectType.Functions
        : ProjectType.Standalone;
}
