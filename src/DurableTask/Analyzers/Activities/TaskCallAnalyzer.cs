namespace Microsoft.DurableTask.Analyzers.Activities;

/// <summary>Base of the rules that compare calls of tasks with the tasks of the whole project.</summary>
public abstract class TaskCallAnalyzer : DiagnosticAnalyzer
{
    /// <inheritdoc />
    public sealed override void Initialize(AnalysisContext context)
    {
        context.EnableConcurrentExecution();
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.RegisterCompilationStartAction(start =>
        {
            if (KnownSymbols.Of(start.Compilation) is not { } known) return;
            var catalog = new TaskCatalog(known);
            start.RegisterSymbolAction(symbol => catalog.AddClass((INamedTypeSymbol)symbol.Symbol), SymbolKind.NamedType);
            start.RegisterSymbolAction(symbol => catalog.AddFunction((IMethodSymbol)symbol.Symbol), SymbolKind.Method);
            start.RegisterOperationAction(call => catalog.AddInvocation((IInvocationOperation)call.Operation), OperationKind.Invocation);
            start.RegisterCompilationEndAction(end =>
            {
                if (catalog.Calls.IsEmpty) return;
                catalog.AddReferences(end.CancellationToken);
                Compare(catalog, known.Compilation, end.ReportDiagnostic);
            });
        });
    }

    private protected abstract void Compare(TaskCatalog catalog, Compilation compilation, Action<Diagnostic> report);

    private protected static DiagnosticDescriptor Define(string id, string title, string message, DiagnosticSeverity severity) =>
        Rule.Define(id, Rule.Activity, severity, title, message, WellKnownDiagnosticTags.CompilationEnd);
}
