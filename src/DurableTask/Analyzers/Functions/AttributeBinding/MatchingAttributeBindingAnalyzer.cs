using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Microsoft.DurableTask.Analyzers.Functions.AttributeBinding;

/// <summary>Base of the rules that bind an attribute to one type of parameter: the host could give no other.</summary>
public abstract class MatchingAttributeBindingAnalyzer : DiagnosticAnalyzer
{
    private protected abstract DiagnosticDescriptor Mismatch { get; }

    private protected abstract string AttributeName { get; }

    private protected abstract string TypeName { get; }

    /// <inheritdoc />
    public sealed override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics => [Mismatch];

    /// <inheritdoc />
    public sealed override void Initialize(AnalysisContext context)
    {
        context.EnableConcurrentExecution();
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.RegisterCompilationStartAction(start =>
        {
            var attribute = start.Compilation.GetTypeByMetadataName($"Microsoft.Azure.Functions.Worker.{AttributeName}");
            var type = start.Compilation.GetTypeByMetadataName(TypeName);
            if (attribute is not null) start.RegisterSymbolAction(symbol => Check(symbol, attribute, type), SymbolKind.Parameter);
        });
    }

    private protected static DiagnosticDescriptor Define(string id, string attribute, string type) => new(
        id,
        $"[{attribute}] is on a parameter of another type than {type}",
        $"The parameter '{{0}}' has [{attribute}] and the type '{{1}}'; expected {type}",
        Rule.AttributeBinding,
        DiagnosticSeverity.Error,
        isEnabledByDefault: true,
        helpLinkUri: Rule.HelpOf(id));

    private void Check(SymbolAnalysisContext context, INamedTypeSymbol attribute, INamedTypeSymbol? type)
    {
        var parameter = (IParameterSymbol)context.Symbol;
        if (KnownSymbols.AttributeOf(parameter, attribute) is null || KnownSymbols.Same(parameter.Type, type)) return;
        foreach (var reference in parameter.DeclaringSyntaxReferences)
        {
            var syntax = reference.GetSyntax(context.CancellationToken);
            var place = (syntax as ParameterSyntax)?.Type ?? syntax;
            context.ReportDiagnostic(Diagnostic.Create(Mismatch, place.GetLocation(), parameter.Name, parameter.Type.ShortName()));
        }
    }
}
