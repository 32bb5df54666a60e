using Microsoft.CodeAnalysis;

namespace Microsoft.Azure.Functions.Worker.Sdk.Generators.Reading;

/// <summary>What a parameter must be so that something can fill it; as the host judges it at start.</summary>
internal static class ParameterRules
{
    private const string Fillers = "FunctionContext, CancellationToken, a simple type named like a route value or datum of the trigger, "
        + "or an attribute such as [FromBody] or [DurableClient] (services come through the constructor)";

    private static readonly Dictionary<string, string> TypesOfAttributes = new(StringComparer.Ordinal)
    {
        [Known.TimerTrigger] = Known.TimerInfo,
        [Known.OrchestrationTrigger] = Known.OrchestrationContext,
        [Known.EntityTrigger] = Known.EntityDispatcher,
        [Known.DurableClient] = Known.Client,
    };

    private static readonly HashSet<string> RequestTypes =
        new([Known.AspNetCoreRequest, Known.AspNetCoreContext, Known.HttpRequestData], StringComparer.Ordinal);

    private static readonly HashSet<string> ScalarTypes = new(
        ["System.Guid", "System.DateTimeOffset", "System.TimeSpan", "System.Uri", "System.DateOnly", "System.TimeOnly"],
        StringComparer.Ordinal);

    public static void Check(FunctionFacts function, CancellationToken cancellation)
    {
        foreach (var parameter in function.Parameters)
        {
            // The compiler complains of an unknown type by itself.
            if (parameter.Symbol.Type.TypeKind == TypeKind.Error || parameter.HasUnknownAttribute) continue;
            if (parameter.Binding is not null) CheckAttributed(function, parameter, cancellation);
            else if (!parameter.HasConverter) CheckUnattributed(function, parameter, cancellation);
        }
    }

    private static void CheckAttributed(FunctionFacts function, ParameterFacts parameter, CancellationToken cancellation)
    {
        var attribute = Symbols.NameOf(parameter.Binding!.AttributeClass!);
        if (!TypesOfAttributes.TryGetValue(attribute, out var expected)) return;
        // Text is the timer's JSON, and a class of the application's own is read from it.
        var isRaw = attribute == Known.TimerTrigger
            && parameter.Symbol.Type is { TypeKind: TypeKind.Dynamic } or { TypeKind: TypeKind.Class, IsAbstract: false };
        if (parameter.IsByReference || (!isRaw && parameter.TypeName != expected))
        {
            function.Complain(
                Rules.WrongType,
                parameter.PlaceOf(cancellation),
                parameter.Symbol.Name,
                Symbols.ShortNameOf(parameter.Binding),
                (parameter.IsByReference ? "ref, in or out " : "") + Symbols.ShortNameOf(parameter.Symbol.Type),
                expected.Substring(expected.LastIndexOf('.') + 1));
        }
        else if (attribute == Known.DurableClient && Symbols.Is(function.Trigger, Known.OrchestrationTrigger))
        {
            function.Complain(Rules.ClientInOrchestrator, parameter.PlaceOf(cancellation), parameter.Symbol.Name);
        }
    }

    private static void CheckUnattributed(FunctionFacts function, ParameterFacts parameter, CancellationToken cancellation)
    {
        var place = parameter.PlaceOf(cancellation);
        void Unbound(string expected) => function.Complain(
            Rules.Unbound, place, parameter.Symbol.Name, Symbols.ShortNameOf(parameter.Symbol.Type), expected);
        if (parameter.IsByReference)
        {
            function.Complain(Rules.ByReference, place, parameter.Symbol.Name);
        }
        else if (RequestTypes.Contains(parameter.TypeName))
        {
            if (Symbols.Is(function.Trigger, Known.HttpTrigger)) return;
            Unbound("it in a function with [HttpTrigger]; this one has another trigger");
        }
        else if (IsOfInvocation(parameter))
        {
            // known of every invocation
        }
        else if (parameter.TypeName == Known.Client)
        {
            Unbound("[DurableClient] on it");
        }
        else if (Symbols.Is(function.Trigger, Known.OrchestrationTrigger))
        {
            var inputs = function.Parameters.Count(static p => p.Binding is null && !IsOfInvocation(p));
            if (inputs > 1) function.Complain(Rules.SeveralInputs, place, parameter.Symbol.Name, inputs.ToString());
        }
        else if (!IsScalar(parameter.Symbol.Type)
            && !(Symbols.Is(function.Trigger, Known.HttpTrigger) && IsOfScalars(parameter.Symbol.Type))
            && !parameter.Symbol.HasExplicitDefaultValue)
        {
            Unbound(Fillers);
        }
    }

    private static bool IsOfInvocation(ParameterFacts parameter) =>
        parameter.TypeName is Known.FunctionContext or "System.Threading.CancellationToken";

    // A query value may be a JSON array, and all headers are a JSON object. Other classes are more likely services that nobody brings.
    private static bool IsOfScalars(ITypeSymbol type) =>
        type is IArrayTypeSymbol array ? IsScalar(array.ElementType)
        : type is INamedTypeSymbol { IsGenericType: true } named
            && Symbols.NameOf(named.OriginalDefinition).StartsWith("System.Collections.Generic.", StringComparison.Ordinal)
            && named.TypeArguments.All(IsScalar);

    private static bool IsScalar(ITypeSymbol type)
    {
        if (type is INamedTypeSymbol { OriginalDefinition.SpecialType: SpecialType.System_Nullable_T } nullable)
        {
            type = nullable.TypeArguments[0];
        }

        return type.TypeKind is TypeKind.Enum or TypeKind.Dynamic
            || type.SpecialType is SpecialType.System_String or SpecialType.System_Object or SpecialType.System_DateTime
                or (>= SpecialType.System_Boolean and <= SpecialType.System_Double) // these are all the numbers, and the character
                or SpecialType.System_IntPtr or SpecialType.System_UIntPtr
            || ScalarTypes.Contains(Symbols.NameOf(type));
    }
}
