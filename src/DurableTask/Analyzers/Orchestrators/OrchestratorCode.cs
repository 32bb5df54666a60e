namespace Microsoft.DurableTask.Analyzers.Orchestrators;

/// <summary>One orchestrator under examination, with all code that it may come to.</summary>
internal sealed class OrchestratorCode(
    Orchestrator orchestrator, KnownSymbols known, Action<Diagnostic> report, CancellationToken cancellation)
{
    public Orchestrator Orchestrator { get; } = orchestrator;

    public KnownSymbols Known { get; } = known;

    public SourceCode Source { get; } = SourceCode.Of(known.Compilation);

    public CancellationToken Cancellation { get; } = cancellation;

    public IEnumerable<Step> Steps => Source.Reach(Orchestrator.Entries, Known, Cancellation);

    public void Report(DiagnosticDescriptor rule, SyntaxNode place, params object[] arguments) =>
        Report(rule, place.GetLocation(), arguments);

    public void Report(DiagnosticDescriptor rule, Location place, params object[] arguments) =>
        report(Diagnostic.Create(rule, place, arguments));
}
