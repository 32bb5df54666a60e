using System.Collections.Immutable;
using Microsoft.CodeAnalysis;

namespace Microsoft.Azure.Functions.Worker.Sdk.Generators.Reading;

/// <summary>Finds out how generated code can name a method.</summary>
internal static class EntryReader
{
    /// <summary>Null if it cannot: something of it is hidden, open, or written by another generator, whose output is not seen
    /// here.</summary>
    public static EntryModel? Read(IMethodSymbol method)
    {
        if (method.MethodKind != MethodKind.Ordinary || method.DeclaredAccessibility != Accessibility.Public || method.IsGenericMethod
            || Symbols.IsGeneric(method.ContainingType) || !CanBeNamed(method.ContainingType))
        {
            return null;
        }

        var parameters = ImmutableArray.CreateBuilder<string>();
        foreach (var parameter in method.Parameters)
        {
            if (!CanBeNamed(parameter.Type)) return null;
            var type = parameter.Type is IDynamicTypeSymbol ? "object" : Spell(parameter.Type);
            parameters.Add($"typeof({type})" + (parameter.RefKind == RefKind.None ? "" : ".MakeByRefType()"));
        }

        return new EntryModel(Spell(method.ContainingType), method.Name, new EquatableArray<string>(parameters.ToImmutable()));
    }

    private static string Spell(ITypeSymbol type) => type.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat);

    private static bool CanBeNamed(ITypeSymbol type) => type switch
    {
        IArrayTypeSymbol array => CanBeNamed(array.ElementType),
        IDynamicTypeSymbol => true,
        INamedTypeSymbol named => named is { IsFileLocal: false, TypeKind: not TypeKind.Error }
            && named.DeclaredAccessibility is not (Accessibility.Private or Accessibility.Protected or Accessibility.ProtectedAndInternal)
            && (named.ContainingType is null || CanBeNamed(named.ContainingType))
            && named.TypeArguments.All(CanBeNamed),
        _ => false,
    };
}
