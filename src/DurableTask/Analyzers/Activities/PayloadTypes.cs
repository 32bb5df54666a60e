using Microsoft.CodeAnalysis.CSharp;

namespace Microsoft.DurableTask.Analyzers.Activities;

/// <summary>Which type a payload can be read as that was written as another. In doubt it can: a warning must be right.</summary>
internal static class PayloadTypes
{
    public static bool CanBeNull(ITypeSymbol type) => type.IsValueType
        ? type.OriginalDefinition.SpecialType == SpecialType.System_Nullable_T
        : type.NullableAnnotation != NullableAnnotation.NotAnnotated || IsAnything(type);

    /// <summary>Null is a value of it by declaration, not just for want of annotations.</summary>
    public static bool CanBeLeftOut(ITypeSymbol type) =>
        CanBeNull(type) && (type.IsValueType || type.NullableAnnotation == NullableAnnotation.Annotated || IsAnything(type));

    public static bool CanBecome(ITypeSymbol from, ITypeSymbol to, Compilation compilation)
    {
        if (IsAnything(from) || IsAnything(to)) return true;
        var conversion = compilation.ClassifyConversion(from, to);
        if (conversion is { Exists: true, IsImplicit: true, IsUserDefined: false }) return true;
        if (Underlying(from) is var value && Underlying(to) is var target
            && (!KnownSymbols.Same(value, from) || !KnownSymbols.Same(target, to)))
        {
            return CanBecome(value, target, compilation);
        }

        // A list is written as an array and read as any collection.
        return ElementOf(from) is { } given && ElementOf(to) is { } wanted && CanBecome(given, wanted, compilation);
    }

    // Nothing is known of what the value will be, or it has no type of its own until it is read.
    private static bool IsAnything(ITypeSymbol type) =>
        type.SpecialType == SpecialType.System_Object
        || type.TypeKind is TypeKind.Dynamic or TypeKind.TypeParameter or TypeKind.Error
        || type.IsAnonymousType
        || type.ContainingNamespace?.ToDisplayString() is "System.Text.Json" or "System.Text.Json.Nodes" or "Newtonsoft.Json.Linq";

    private static ITypeSymbol Underlying(ITypeSymbol type) =>
        type is INamedTypeSymbol { OriginalDefinition.SpecialType: SpecialType.System_Nullable_T } nullable
            ? nullable.TypeArguments[0]
            : type;

    private static ITypeSymbol? ElementOf(ITypeSymbol type) => type switch
    {
        { SpecialType: SpecialType.System_String } => null,
        IArrayTypeSymbol array => array.ElementType,
        INamedTypeSymbol named => named.AllInterfaces.Append(named)
            .FirstOrDefault(static item => item.OriginalDefinition.SpecialType == SpecialType.System_Collections_Generic_IEnumerable_T)
            ?.TypeArguments[0],
        _ => null,
    };
}
