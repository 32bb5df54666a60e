using System.Collections.Immutable;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;

namespace Microsoft.Azure.Functions.Worker.Sdk.Generators.Reading;

/// <summary>Reads methods with [Function] and judges each for itself.</summary>
internal static class FunctionReader
{
    private static readonly Regex NamePattern = new("^[A-Za-z][A-Za-z0-9_-]{0,126}$", RegexOptions.CultureInvariant);

    public static FunctionModel? Read(GeneratorAttributeSyntaxContext context, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (context.TargetSymbol is not IMethodSymbol method || Symbols.TextOf(context.Attributes[0]) is not { } name) return null;

        var function = new FunctionFacts(method, name, SourcePlace.OfName(context.Attributes[0], context.TargetNode, cancellation));
        if (!NamePattern.IsMatch(name)) function.Complain(Rules.BadName, function.Place);
        CheckMethod(function);
        if (function.Triggers.Length == 1)
        {
            ParameterRules.Check(function, cancellation);
            TriggerRules.Check(function, cancellation);
            OutputRules.Check(function);
        }
        else if (!function.HasUnknownAttribute)
        {
            function.Complain(Rules.TriggerCount, function.Place, function.Triggers.Length.ToString());
        }

        return new FunctionModel(
            name,
            function.Method,
            Symbols.MetadataNameOf(method.ContainingType),
            EntryReader.Read(method),
            function.Triggers.Length == 1 ? TriggerRules.RouteOf(function, cancellation) : null,
            function.Triggers.Length == 1 ? TriggerRules.TaskOf(function, cancellation) : null,
            new EquatableArray<Fault>([.. function.Faults]),
            function.Place);
    }

    private static void CheckMethod(FunctionFacts function)
    {
        var method = function.Symbol;
        if (method.DeclaredAccessibility != Accessibility.Public) function.Complain(Rules.NotPublic, function.Place, function.Method);
        if (method.IsGenericMethod || Symbols.IsGeneric(method.ContainingType))
        {
            function.Complain(Rules.Generic, function.Place, function.Method);
        }

        if (!method.IsStatic && method.ContainingType.IsAbstract) function.Complain(Rules.Abstract, function.Place, function.Method);
        if ((method.PartialImplementationPart ?? method).IsAsync && method.ReturnsVoid)
        {
            function.Complain(Rules.AsyncVoid, function.Place, function.Method);
        }
    }
}

/// <summary>A function while it is judged.</summary>
internal sealed class FunctionFacts(IMethodSymbol symbol, string name, SourcePlace place)
{
    public IMethodSymbol Symbol => symbol;

    public string Name => name;

    /// <summary>Of its name.</summary>
    public SourcePlace Place => place;

    /// <summary>Class and method, for people.</summary>
    public string Method { get; } = $"{Symbols.NameOf(symbol.ContainingType)}.{symbol.Name}";

    public List<Fault> Faults { get; } = [];

    public ImmutableArray<ParameterFacts> Parameters { get; } = [.. symbol.Parameters.Select(static p => new ParameterFacts(p))];

    public ImmutableArray<ParameterFacts> Triggers =>
        [.. Parameters.Where(static p => Symbols.Derives(p.Binding?.AttributeClass, Known.TriggerBinding))];

    /// <summary>The only trigger.</summary>
    public AttributeData Trigger => Triggers[0].Binding!;

    /// <summary>There may be more to it than can be seen: another generator writes the attribute, or it is misspelled.</summary>
    public bool HasUnknownAttribute => Parameters.Any(static p => p.HasUnknownAttribute);

    /// <param name="arguments">Those after the function's name.</param>
    public void Complain(DiagnosticDescriptor rule, SourcePlace at, params string[] arguments) =>
        Faults.Add(Fault.Of(rule, at, [Name, .. arguments]));
}

internal sealed class ParameterFacts(IParameterSymbol symbol)
{
    public IParameterSymbol Symbol => symbol;

    /// <summary>The attribute that says what fills it; null for none.</summary>
    public AttributeData? Binding { get; } = Symbols.AttributeOf(symbol, Known.Binding);

    public bool HasUnknownAttribute => symbol.GetAttributes().Any(static a => a.AttributeClass?.TypeKind == TypeKind.Error);

    /// <summary>It, or its type, names a converter of its own.</summary>
    public bool HasConverter
    {
        get
        {
            var isNamed = Symbols.AttributeOf(symbol, Known.InputConverter) is not null;
            for (ITypeSymbol? type = symbol.Type; type is not null && !isNamed; type = type.BaseType)
            {
                isNamed = Symbols.AttributeOf(type, Known.InputConverter) is not null;
            }

            return isNamed;
        }
    }

    public string TypeName { get; } = Symbols.NameOf(symbol.Type);

    public bool IsByReference => symbol.RefKind != RefKind.None;

    public SourcePlace PlaceOf(CancellationToken cancellation) =>
        SourcePlace.Of(symbol.DeclaringSyntaxReferences[0].GetSyntax(cancellation));
}
