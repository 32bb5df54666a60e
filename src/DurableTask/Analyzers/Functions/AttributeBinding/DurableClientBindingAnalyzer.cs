namespace Microsoft.DurableTask.Analyzers.Functions.AttributeBinding;

/// <summary>DURABLE1002: a durable client's binding is on the client.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class DurableClientBindingAnalyzer : MatchingAttributeBindingAnalyzer
{
    /// <summary>The rule's id.</summary>
    public const string DiagnosticId = "DURABLE1002";

    internal const string Bound = "Microsoft.DurableTask.Client.DurableTaskClient";

    private static readonly DiagnosticDescriptor Rule = Define(DiagnosticId, "DurableClient", "DurableTaskClient");

    private protected override DiagnosticDescriptor Mismatch => Rule;

    private protected override string AttributeName => "DurableClientAttribute";

    private protected override string TypeName => Bound;
}
