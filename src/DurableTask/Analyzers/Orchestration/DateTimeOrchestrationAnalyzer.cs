namespace Microsoft.DurableTask.Analyzers.Orchestration;

/// <summary>DURABLE0001: the machine's clock.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class DateTimeOrchestrationAnalyzer : ForbiddenApiAnalyzer
{
    /// <summary>The rule's id.</summary>
    public const string DiagnosticId = "DURABLE0001";

    private const string Stopwatch = "System.Diagnostics.Stopwatch";

    private static readonly DiagnosticDescriptor Clock = Forbid(
        DiagnosticId, "An orchestrator reads the clock", "a replay reads another time; use context.CurrentUtcDateTime");

    private protected override DiagnosticDescriptor Descriptor => Clock;

    private protected override string? ApiOf(IOperation operation) => operation switch
    {
        IPropertyReferenceOperation { Property: var property } when property.Name is "Now" or "UtcNow" or "Today"
            && FullName(property.ContainingType) is "System.DateTime" or "System.DateTimeOffset" => property.ToDisplayString(),
        IInvocationOperation { TargetMethod: var method } when IsClock(method) => method.ShortName(),
        IObjectCreationOperation { Constructor: { } constructor } when FullName(constructor.ContainingType) == Stopwatch =>
            constructor.ShortName(),
        _ => null,
    };

    private static bool IsClock(IMethodSymbol method) => FullName(method.ContainingType) switch
    {
        "System.TimeProvider" => method.Name is "GetUtcNow" or "GetLocalNow" or "GetTimestamp",
        Stopwatch => method.Name is "StartNew" or "GetTimestamp" or "GetElapsedTime" or "Start" or "Restart",
        _ => false,
    };
}
