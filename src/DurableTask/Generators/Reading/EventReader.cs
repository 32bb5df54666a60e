using Microsoft.CodeAnalysis;

namespace Microsoft.DurableTask.Generators.Reading;

/// <summary>Reads payload types with [DurableEvent].</summary>
internal static class EventReader
{
    public const string Attribute = "Microsoft.DurableTask.DurableEventAttribute";

    /// <summary>Null for a type that generated code cannot name: an open generic one, or one hidden from the rest of its
    /// assembly.</summary>
    public static EventModel? Read(GeneratorAttributeSyntaxContext context, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (context.TargetSymbol is not INamedTypeSymbol type) return null;
        var model = TypeReader.Read(type);
        if (model.Visibility == Visibility.Hidden) return null;
        var attribute = context.Attributes[0];
        var given = attribute.ConstructorArguments.FirstOrDefault().Value as string;
        return new EventModel(
            string.IsNullOrEmpty(given) ? type.Name : given!,
            TypeReader.NamespaceOf(type),
            model,
            SourcePlace.OfName(attribute, context.TargetNode, cancellation));
    }
}
