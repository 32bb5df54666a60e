namespace Microsoft.DurableTask.Analyzers.Activities;

/// <summary>DURABLE2001 and DURABLE2002: calls that give an activity another type than it takes, or want another than it returns.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class MatchingInputOutputTypeActivityAnalyzer : TaskCallAnalyzer
{
    /// <summary>The id of the rule for inputs.</summary>
    public const string InputArgumentTypeMismatchDiagnosticId = "DURABLE2001";

    /// <summary>The id of the rule for outputs.</summary>
    public const string OutputArgumentTypeMismatchDiagnosticId = "DURABLE2002";

    private static readonly DiagnosticDescriptor Input = Define(
        InputArgumentTypeMismatchDiagnosticId,
        "An activity is given another type than it takes",
        "The call gives '{0}', but the input of activity '{2}' is '{1}'",
        DiagnosticSeverity.Warning);

    private static readonly DiagnosticDescriptor Output = Define(
        OutputArgumentTypeMismatchDiagnosticId,
        "An activity returns another type than is wanted",
        "The call wants '{0}', but activity '{2}' returns '{1}'",
        DiagnosticSeverity.Warning);

    /// <inheritdoc />
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics => [Input, Output];

    private protected override void Compare(TaskCatalog catalog, Compilation compilation, Action<Diagnostic> report)
    {
        var activities = catalog.Activities;
        foreach (var call in catalog.Calls.Where(static call => call.IsActivity))
        {
            // Versions of an activity may differ: one that fits is enough.
            var candidates = activities[call.Name].ToList();
            if (candidates.Count == 0) continue;
            var place = call.Place.GetLocation();
            if (!candidates.Any(activity => TakesInput(activity, call, compilation)))
            {
                report(Diagnostic.Create(Input, place, NameOf(call.Input), NameOf(candidates[0].Input), call.Name));
            }

            if (!candidates.Any(activity => GivesOutput(activity, call, compilation)))
            {
                report(Diagnostic.Create(Output, place, NameOf(call.Output), NameOf(candidates[0].Output), call.Name));
            }
        }
    }

    private static bool TakesInput(TaskSignature activity, TaskCall call, Compilation compilation) =>
        activity.Input is not { } wanted ? !activity.TakesNothing || call.Input is null
        : call.Input is { } given ? PayloadTypes.CanBecome(given, wanted, compilation)
        : call.GivesInput ? PayloadTypes.CanBeNull(wanted)
        : PayloadTypes.CanBeLeftOut(wanted);

    private static bool GivesOutput(TaskSignature activity, TaskCall call, Compilation compilation) =>
        call.Output is not { } wanted
        || (activity.Output is { } given ? PayloadTypes.CanBecome(given, wanted, compilation) : !activity.ReturnsNothing);

    private static string NameOf(ITypeSymbol? type) => type?.ShortName() ?? "none";
}
