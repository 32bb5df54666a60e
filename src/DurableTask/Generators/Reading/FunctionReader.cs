using Microsoft.CodeAnalysis;

namespace Microsoft.DurableTask.Generators.Reading;

/// <summary>Reads methods with [Function]: all of them for their names, durable ones for what they take and return.</summary>
internal static class FunctionReader
{
    public const string Attribute = "Microsoft.Azure.Functions.Worker.FunctionAttribute";

    private const string Worker = "Microsoft.Azure.Functions.Worker.";
    private const string ActivityContext = "Microsoft.DurableTask.TaskActivityContext";
    private const string FunctionContext = Worker + "FunctionContext";

    public static FunctionModel? Read(GeneratorAttributeSyntaxContext context, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (context.TargetSymbol is not IMethodSymbol method
            || context.Attributes[0].ConstructorArguments.FirstOrDefault().Value is not string name)
        {
            return null;
        }

        var (trigger, parameter, taskName) = TriggerOf(method);
        var input = trigger == FunctionTrigger.Activity ? InputOf(parameter!.Type) : null;
        return new FunctionModel(
            name,
            trigger,
            taskName ?? name,
            input,
            input is null ? "" : parameter!.Name,
            ResultOf(method.ReturnType) is { } result ? TypeReader.Read(result) : null,
            SourcePlace.Of(context.TargetNode));
    }

    private static (FunctionTrigger Trigger, IParameterSymbol? Parameter, string? TaskName) TriggerOf(IMethodSymbol method)
    {
        foreach (var parameter in method.Parameters)
        {
            foreach (var attribute in parameter.GetAttributes())
            {
                var (trigger, property) = attribute.AttributeClass?.ToDisplayString() switch
                {
                    Worker + "OrchestrationTriggerAttribute" => (FunctionTrigger.Orchestration, "Orchestration"),
                    Worker + "ActivityTriggerAttribute" => (FunctionTrigger.Activity, "Activity"),
                    Worker + "EntityTriggerAttribute" => (FunctionTrigger.Entity, "EntityName"),
                    _ => (FunctionTrigger.Other, ""),
                };
                if (trigger == FunctionTrigger.Other) continue;
                var named = attribute.NamedArguments.FirstOrDefault(argument => argument.Key == property).Value.Value as string;
                return (trigger, parameter, string.IsNullOrEmpty(named) ? null : named);
            }
        }

        return (FunctionTrigger.Other, null, null);
    }

    // Null for a trigger on a context, which a caller cannot give. Any object may be null, in code without annotations too.
    private static TypeModel? InputOf(ITypeSymbol type) =>
        type.ToDisplayString(NullableFlowState.None) is ActivityContext or FunctionContext ? null
        : type.SpecialType == SpecialType.System_Object ? TypeModel.AnyObject
        : TypeReader.Read(type);

    private static ITypeSymbol? ResultOf(ITypeSymbol type)
    {
        if (type.SpecialType == SpecialType.System_Void) return null;
        return type.OriginalDefinition.ToDisplayString() switch
        {
            "System.Threading.Tasks.Task" or "System.Threading.Tasks.ValueTask" => null,
            "System.Threading.Tasks.Task<TResult>" or "System.Threading.Tasks.ValueTask<TResult>" =>
                ((INamedTypeSymbol)type).TypeArguments[0],
            _ => type,
        };
    }
}
