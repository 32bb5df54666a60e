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

    private protected static DiagnosticDescriptor Define(string id, string attribute, string type) => Rule.Define(
        id,
        Rule.AttributeBinding,
        DiagnosticSeverity.Error,
        $"[{attribute}] is on a parameter of another type than {type}",
        $"[{attribute}] is on a parameter of the type '{{0}}'; expected {type}");

    private void Check(SymbolAnalysisContext context, INamedTypeSymbol attribute, INamedTypeSymbol? type)
    {
        var parameter = (IParameterSymbol)context.Symbol;
        if (KnownSymbols.AttributeOf(parameter, attribute) is null || KnownSymbols.Same(parameter.Type, type)) return;
        foreach (var reference in parameter.DeclaringSyntaxReferences)
        {
            var place = reference.GetSyntax(context.CancellationToken).GetLocation();
            context.ReportDiagnostic(Diagnostic.Create(Mismatch, place, parameter.Type.ShortName()));
        }
    }
}
