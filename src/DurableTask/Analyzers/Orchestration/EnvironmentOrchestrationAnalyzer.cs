namespace Microsoft.DurableTask.Analyzers.Orchestration;

/// <summary>DURABLE0006: what differs from machine to machine.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class EnvironmentOrchestrationAnalyzer : ForbiddenApiAnalyzer
{
    /// <summary>The rule's id.</summary>
    public const string DiagnosticId = "DURABLE0006";

    private static readonly DiagnosticDescriptor Machine = Forbid(
        DiagnosticId,
        "An orchestrator asks its environment",
        "a replay on another machine, or after a deployment, gets another answer; pass it in as input, or ask in an activity");

    private static readonly HashSet<string> Types = new(StringComparer.Ordinal)
    {
        "System.Environment",
        "Microsoft.Extensions.Configuration.IConfiguration",
        "Microsoft.Extensions.Configuration.IConfigurationSection",
        "Microsoft.Extensions.Configuration.ConfigurationExtensions",
        "Microsoft.Extensions.Configuration.ConfigurationBinder",
        "Microsoft.Extensions.Options.IOptions",
        "Microsoft.Extensions.Options.IOptionsSnapshot",
        "Microsoft.Extensions.Options.IOptionsMonitor",
    };

    private protected override DiagnosticDescriptor Descriptor => Machine;

    private protected override string? ApiOf(IOperation operation) => operation switch
    {
        IInvocationOperation { TargetMethod: var method } when Types.Contains(FullName(method.ContainingType)) => method.ShortName(),
        IPropertyReferenceOperation { Property: var property } when Types.Contains(FullName(property.ContainingType))
            && property.Name != "NewLine" => property.ShortName(),
        _ => null,
    };
}
