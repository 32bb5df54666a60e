using Microsoft.CodeAnalysis;

namespace Microsoft.Azure.Functions.Worker.Sdk.Generators.Reading;

/// <summary>What a function may hand on; as the host judges it at start.</summary>
internal static class OutputRules
{
    private const int LongestQueue = 63;

    public static void Check(FunctionFacts function)
    {
        var method = function.Symbol;
        var whole = OutputsOf(method.GetAttributes()).Concat(OutputsOf(method.GetReturnTypeAttributes())).ToList();
        var parts = PartsOf(function);
        if (whole.Count > 0 && parts.Count > 0)
        {
            var name = Symbols.ShortNameOf(whole[0]);
            SeveralOutputs($"[{name}] on the method and outputs on properties of what it returns ({parts[0].Name})");
        }

        if (whole.Count > 1) SeveralOutputs($"{whole.Count} output attributes on the method");
        if (whole.Count > 0 && Symbols.ResultOf(method) is null)
        {
            function.Complain(Rules.NothingReturned, function.Place, Symbols.ShortNameOf(whole[0]));
        }

        CheckReplies(function, parts.Count(static p => p.IsReply) + whole.Count(IsReply));
        foreach (var attribute in whole.Concat(parts.Where(static p => p.Attribute is not null).Select(static p => p.Attribute!)))
        {
            CheckAttribute(function, attribute);
        }

        void SeveralOutputs(string found) => function.Complain(Rules.SeveralOutputs, function.Place, found);
    }

    private static void CheckReplies(FunctionFacts function, int replies)
    {
        if (replies > 1) function.Complain(Rules.BadReply, function.Place, $"{replies} outputs that reply to the request");
        if (replies > 0 && !Symbols.Is(function.Trigger, Known.HttpTrigger))
        {
            function.Complain(Rules.BadReply, function.Place, "[HttpResult] and no request to reply to");
        }
    }

    private static void CheckAttribute(FunctionFacts function, AttributeData attribute)
    {
        var isQueue = Symbols.Is(attribute, Known.QueueOutput);
        if (!isQueue && !IsReply(attribute))
        {
            function.Complain(Rules.UnknownOutput, function.Place, Symbols.ShortNameOf(attribute));
        }
        else if (isQueue && Symbols.NameOf(function.Trigger.AttributeClass!) is Known.OrchestrationTrigger or Known.EntityTrigger)
        {
            function.Complain(Rules.DurableOutput, function.Place, Symbols.ShortNameOf(attribute));
        }

        if (isQueue) TriggerRules.CheckQueue(function, Symbols.TextOf(attribute), LongestQueue, function.Place);
    }

    private static List<Part> PartsOf(FunctionFacts function)
    {
        var parts = new List<Part>();
        if (Symbols.ResultOf(function.Symbol) is not INamedTypeSymbol result
            || result.SpecialType is not (SpecialType.None or SpecialType.System_Object)
            || IsReplyType(result))
        {
            return parts;
        }

        foreach (var property in PropertiesOf(result))
        {
            var attributes = OutputsOf(property.GetAttributes()).ToList();
            if (attributes.Count > 1)
            {
                function.Complain(
                    Rules.SeveralOutputs,
                    function.Place,
                    $"{attributes.Count} output attributes on property {property.Name} of what it returns");
            }

            if (attributes.Count > 0)
            {
                parts.Add(new(property.Name, attributes[0], IsReply(attributes[0])));
            }
            else if (Symbols.Is(function.Trigger, Known.HttpTrigger) && IsReplyType(property.Type))
            {
                parts.Add(new(property.Name, Attribute: null, IsReply: true));
            }
        }

        return parts;
    }

    private static IEnumerable<IPropertySymbol> PropertiesOf(INamedTypeSymbol type)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var owner = type; owner is not null; owner = owner.BaseType)
        {
            foreach (var property in owner.GetMembers().OfType<IPropertySymbol>())
            {
                var isRead = property is { IsIndexer: false, DeclaredAccessibility: Accessibility.Public, GetMethod: not null };
                if (isRead && seen.Add(property.Name)) yield return property;
            }
        }
    }

    private static IEnumerable<AttributeData> OutputsOf(IEnumerable<AttributeData> attributes) =>
        attributes.Where(static attribute => Symbols.Derives(attribute.AttributeClass, Known.OutputBinding));

    private static bool IsReply(AttributeData attribute) => Symbols.Is(attribute, Known.HttpResult);

    private static bool IsReplyType(ITypeSymbol type) => Symbols.Derives(type, Known.HttpResponseData)
        || type.AllInterfaces.Concat(type is INamedTypeSymbol named ? [named] : [])
            .Any(static contract => Symbols.NameOf(contract) is Known.AspNetCoreActionResult or Known.AspNetCoreResult);

    private sealed record Part(string Name, AttributeData? Attribute, bool IsReply);
}
