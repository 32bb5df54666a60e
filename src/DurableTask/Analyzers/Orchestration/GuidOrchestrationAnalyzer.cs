namespace Microsoft.DurableTask.Analyzers.Orchestration;

/// <summary>DURABLE0002: GUIDs, and other random values, that a replay does not repeat.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class GuidOrchestrationAnalyzer : ForbiddenApiAnalyzer
{
    /// <summary>The rule's id.</summary>
    public const string DiagnosticId = "DURABLE0002";

    private static readonly DiagnosticDescriptor Chance = Forbid(
        DiagnosticId, "An orchestrator makes random values", "a replay makes another value; use context.NewGuid(), or an activity");

    private protected override DiagnosticDescriptor Descriptor => Chance;

    private protected override string? ApiOf(IOperation operation) => operation switch
    {
        IInvocationOperation { TargetMethod: var method } when IsRandom(method) => method.ShortName(),
        IPropertyReferenceOperation { Property: { Name: "Shared" } property } when FullName(property.ContainingType) == "System.Random" =>
            property.ShortName(),
        // with a seed it is as deterministic as the seed
        IObjectCreationOperation { Constructor: { Parameters.Length: 0 } constructor }
            when FullName(constructor.ContainingType) == "System.Random" => constructor.ShortName(),
        _ => null,
    };

    private static bool IsRandom(IMethodSymbol method) => FullName(method.ContainingType) switch
    {
        "System.Guid" => method.Name is "NewGuid" or "CreateVersion7",
        "System.Security.Cryptography.RandomNumberGenerator" => method.IsStatic,
        _ => false,
    };
}
