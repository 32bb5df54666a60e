using Microsoft.DurableTask.Analyzers.Orchestrators;

namespace Microsoft.DurableTask.Analyzers.Orchestration;

/// <summary>
/// Base of the rules for orchestrators: classes, functions with [OrchestrationTrigger], and functions given to a registry - each with the
/// code of the same project that it may call, through overrides and interfaces too. Code of other projects is not looked at.
/// </summary>
public abstract class OrchestrationAnalyzer : DiagnosticAnalyzer
{
    /// <summary>The one rule of the class.</summary>
    private protected abstract DiagnosticDescriptor Descriptor { get; }

    /// <inheritdoc />
    public sealed override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics => [Descriptor];

    /// <inheritdoc />
    public sealed override void Initialize(AnalysisContext context)
    {
        context.EnableConcurrentExecution();
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.RegisterCompilationStartAction(Start);
    }

    private protected static DiagnosticDescriptor Define(
        string id, string title, string message, DiagnosticSeverity severity = DiagnosticSeverity.Warning) =>
        Rule.Define(id, Rule.Orchestration, severity, title, message);

    private protected abstract void Examine(OrchestratorCode code);

    private void Start(CompilationStartAnalysisContext start)
    {
        if (KnownSymbols.Of(start.Compilation) is not { } known) return;
        start.RegisterSymbolAction(
            context => Examine(
                OrchestratorFinder.FromClass((INamedTypeSymbol)context.Symbol, known), context.ReportDiagnostic, context.CancellationToken),
            SymbolKind.NamedType);
        start.RegisterSymbolAction(
            context => Examine(
                OrchestratorFinder.FromFunction((IMethodSymbol)context.Symbol, known), context.ReportDiagnostic, context.CancellationToken),
            SymbolKind.Method);
        start.RegisterOperationAction(
            context => Examine(
                OrchestratorFinder.FromCall((IInvocationOperation)context.Operation, known),
                context.ReportDiagnostic,
                context.CancellationToken),
            OperationKind.Invocation);

        void Examine(Orchestrator? orchestrator, Action<Diagnostic> report, CancellationToken cancellation)
        {
            if (orchestrator is not null) this.Examine(new OrchestratorCode(orchestrator, known, report, cancellation));
        }
    }
}
