using Microsoft.CodeAnalysis;

namespace Microsoft.Azure.Functions.Worker.Sdk.Generators.Models;

/// <summary>A diagnostic that holds no part of a compilation.</summary>
internal sealed record Fault(DiagnosticDescriptor Rule, SourcePlace Place, EquatableArray<string> Arguments)
{
    public static Fault Of(DiagnosticDescriptor rule, SourcePlace place, params string[] arguments) =>
        new(rule, place, new EquatableArray<string>([.. arguments]));

    public Diagnostic ToDiagnostic() => Diagnostic.Create(Rule, Place.ToLocation(), [.. Arguments]);
}
