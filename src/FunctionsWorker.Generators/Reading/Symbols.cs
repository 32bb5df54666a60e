using Microsoft.CodeAnalysis;

namespace Microsoft.Azure.Functions.Worker.Sdk.Generators.Reading;

/// <summary>Questions to symbols that several rules ask.</summary>
internal static class Symbols
{
    private static readonly SymbolDisplayFormat Full = SymbolDisplayFormat.FullyQualifiedFormat
        .WithGlobalNamespaceStyle(SymbolDisplayGlobalNamespaceStyle.Omitted);

    /// <summary>With namespace, without annotations.</summary>
    public static string NameOf(ITypeSymbol type) => type.ToDisplayString(Full);

    /// <summary>As people call it.</summary>
    public static string ShortNameOf(ITypeSymbol type) => type.ToDisplayString(SymbolDisplayFormat.MinimallyQualifiedFormat);

    public static string ShortNameOf(AttributeData attribute) => attribute.AttributeClass!.Name.Replace("Attribute", "");

    public static bool Is(AttributeData? attribute, string name) => attribute?.AttributeClass is { } type && NameOf(type) == name;

    /// <summary>The type, or one that it derives from, has the name.</summary>
    public static bool Derives(ITypeSymbol? type, string name)
    {
        for (; type is not null; type = type.BaseType)
        {
            if (NameOf(type) == name) return true;
        }

        return false;
    }

    public static AttributeData? AttributeOf(ISymbol symbol, string name) =>
        symbol.GetAttributes().FirstOrDefault(attribute => Derives(attribute.AttributeClass, name));

    /// <summary>The text that an attribute's first argument is; null if it is no text.</summary>
    public static string? TextOf(AttributeData attribute) =>
        attribute.ConstructorArguments.FirstOrDefault() is { Kind: TypedConstantKind.Primitive, Value: string text } ? text : null;

    /// <summary>A text that is known before the application runs: it refers to no setting.</summary>
    public static bool IsLiteral(string? text) => text is not null && !text.Contains('%');

    /// <summary>What a method gives: out of its task; null for nothing.</summary>
    public static ITypeSymbol? ResultOf(IMethodSymbol method)
    {
        if (method.ReturnsVoid) return null;
        return method.ReturnType.OriginalDefinition.ToDisplayString() switch
        {
            "System.Threading.Tasks.Task" or "System.Threading.Tasks.ValueTask" => null,
            "System.Threading.Tasks.Task<TResult>" or "System.Threading.Tasks.ValueTask<TResult>" =>
                ((INamedTypeSymbol)method.ReturnType).TypeArguments[0],
            _ => method.ReturnType,
        };
    }

    public static bool IsGeneric(INamedTypeSymbol type) => type.IsGenericType || (type.ContainingType is { } outer && IsGeneric(outer));

    /// <summary>As reflection names it.</summary>
    public static string MetadataNameOf(INamedTypeSymbol type) =>
        type.ContainingType is { } outer ? $"{MetadataNameOf(outer)}+{type.MetadataName}"
        : type.ContainingNamespace is { IsGlobalNamespace: false } space ? $"{space.ToDisplayString()}.{type.MetadataName}"
        : type.MetadataName;
}
