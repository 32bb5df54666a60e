using Microsoft.CodeAnalysis;

namespace Microsoft.DurableTask.Generators.Reading;

/// <summary>Reads classes with [DurableTask].</summary>
internal static class TaskReader
{
    public const string Attribute = "Microsoft.DurableTask.DurableTaskAttribute";

    private const string Orchestrator = "global::Microsoft.DurableTask.ITaskOrchestrator";
    private const string Activity = "global::Microsoft.DurableTask.ITaskActivity";
    private const string Entity = "global::Microsoft.DurableTask.Entities.ITaskEntity";
    private const string TypedOrchestrator = "global::Microsoft.DurableTask.TaskOrchestrator<TInput, TOutput>";
    private const string TypedActivity = "global::Microsoft.DurableTask.TaskActivity<TInput, TOutput>";

    /// <summary>Null for a class that no generated code can create: it is abstract, generic, or hidden from the rest of its
    /// assembly; or it is no task at all.</summary>
    public static TaskModel? Read(GeneratorAttributeSyntaxContext context, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (context.TargetSymbol is not INamedTypeSymbol type || type.IsAbstract || IsOpen(type)
            || TypeReader.VisibilityOf(type) == Visibility.Hidden || KindOf(type) is not { } kind)
        {
            return null;
        }

        var attribute = context.Attributes[0];
        var given = attribute.ConstructorArguments.FirstOrDefault().Value as string;
        var version = attribute.NamedArguments.FirstOrDefault(static argument => argument.Key == "Version").Value.Value as string;
        var typed = TypedBaseOf(type, kind);
        return new TaskModel(
            kind,
            string.IsNullOrEmpty(given) ? type.Name : given!,
            version ?? "",
            type.Name,
            TypeReader.NamespaceOf(type),
            type.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat),
            kind == TaskKind.Entity ? null : typed is null ? TypeModel.AnyObject : TypeReader.Read(typed.TypeArguments[0]),
            kind == TaskKind.Entity ? null : typed is null ? TypeModel.AnyObject : TypeReader.Read(typed.TypeArguments[1]),
            typed is not null,
            SourcePlace.OfName(attribute, context.TargetNode, cancellation));
    }

    private static bool IsOpen(INamedTypeSymbol type) =>
        type.IsGenericType || (type.ContainingType is { } outer && IsOpen(outer));

    private static TaskKind? KindOf(INamedTypeSymbol type)
    {
        foreach (var contract in type.AllInterfaces)
        {
            switch (contract.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat))
            {
                case Orchestrator: return TaskKind.Orchestrator;
                case Activity: return TaskKind.Activity;
                case Entity: return TaskKind.Entity;
            }
        }

        return null;
    }

    private static INamedTypeSymbol? TypedBaseOf(INamedTypeSymbol type, TaskKind kind)
    {
        var wanted = kind == TaskKind.Orchestrator ? TypedOrchestrator : TypedActivity;
        for (var ancestor = type.BaseType; ancestor is not null; ancestor = ancestor.BaseType)
        {
            if (ancestor.OriginalDefinition.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat) == wanted) return ancestor;
        }

        return null;
    }
}
