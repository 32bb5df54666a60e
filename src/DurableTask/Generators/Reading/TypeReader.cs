using Microsoft.CodeAnalysis;

namespace Microsoft.DurableTask.Generators.Reading;

internal static class TypeReader
{
    private static readonly SymbolDisplayFormat Spelled = SymbolDisplayFormat.FullyQualifiedFormat.AddMiscellaneousOptions(
        SymbolDisplayMiscellaneousOptions.IncludeNullableReferenceTypeModifier);

    public static TypeModel Read(ITypeSymbol type)
    {
        var isOptional = type.NullableAnnotation == NullableAnnotation.Annotated
            || type.OriginalDefinition.SpecialType == SpecialType.System_Nullable_T;
        return new TypeModel(type.ToDisplayString(Spelled), isOptional, VisibilityOf(type));
    }

    /// <summary>Where generated code serves the symbol: in its own namespace, or the engine's if it has none.</summary>
    public static string NamespaceOf(ISymbol symbol) =>
        symbol.ContainingNamespace is { IsGlobalNamespace: false } space ? space.ToDisplayString() : ExtensionsFile.EngineNamespace;

    /// <summary>Who can name the type: as many as can name each of its parts.</summary>
    public static Visibility VisibilityOf(ITypeSymbol type) => type switch
    {
        IArrayTypeSymbol array => VisibilityOf(array.ElementType),
        ITypeParameterSymbol => Visibility.Hidden,
        INamedTypeSymbol { IsFileLocal: true } => Visibility.Hidden,
        INamedTypeSymbol named => named.TypeArguments.Select(VisibilityOf)
            .Concat(named.ContainingType is { } outer ? [VisibilityOf(outer)] : [])
            .Append(VisibilityOf(named.DeclaredAccessibility))
            .Min(),
        _ => Visibility.Public,
    };

    private static Visibility VisibilityOf(Accessibility accessibility) => accessibility switch
    {
        Accessibility.Public => Visibility.Public,
        Accessibility.Internal or Accessibility.ProtectedOrInternal => Visibility.Internal,
        // a predefined type such as dynamic has none
        Accessibility.NotApplicable => Visibility.Public,
        _ => Visibility.Hidden,
    };
}
