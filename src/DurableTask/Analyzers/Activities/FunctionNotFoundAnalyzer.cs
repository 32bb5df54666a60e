namespace Microsoft.DurableTask.Analyzers.Activities;

/// <summary>DURABLE2003 and DURABLE2004: calls of names that no task has, as far as the project can see.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class FunctionNotFoundAnalyzer : TaskCallAnalyzer
{
    /// <summary>The id of the rule for activities.</summary>
    public const string ActivityNotFoundDiagnosticId = "DURABLE2003";

    /// <summary>The id of the rule for sub-orchestrations.</summary>
    public const string SubOrchestrationNotFoundDiagnosticId = "DURABLE2004";

    private static readonly DiagnosticDescriptor NoActivity = Define(
        ActivityNotFoundDiagnosticId,
        "Unknown activity",
        "No activity of this project, or of one that it references, has the name '{0}'",
        DiagnosticSeverity.Info);

    private static readonly DiagnosticDescriptor NoOrchestrator = Define(
        SubOrchestrationNotFoundDiagnosticId,
        "Unknown sub-orchestration",
        "No orchestrator of this project, or of one that it references, has the name '{0}'",
        DiagnosticSeverity.Info);

    /// <inheritdoc />
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics => [NoActivity, NoOrchestrator];

    private protected override void Compare(TaskCatalog catalog, Compilation compilation, Action<Diagnostic> report)
    {
        var activities = catalog.Activities;
        var orchestrators = catalog.Orchestrators;
        foreach (var call in catalog.Calls)
        {
            var (known, open, rule) = call.IsActivity
                ? (activities, catalog.HasNamelessActivities, NoActivity)
                : (orchestrators, catalog.HasNamelessOrchestrators, NoOrchestrator);
            if (!open && !known.Contains(call.Name)) report(Diagnostic.Create(rule, call.Place.GetLocation(), call.Name));
        }
    }
}
