using System.Collections;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Heal.DurableTask.ApiSurface.Tests;

/// <summary>
/// Writes the attributes of the public API as lines "type | declaration | [attribute]", "type | member | [attribute]",
/// "… | [return: attribute]", "… | [attribute] parameter"; declarations and members as <see cref="PublicApi"/> writes them. An
/// attribute of a value of an enumeration is "type | declaration | [attribute] value".
/// </summary>
internal static class PublicAttributes
{
    /// <summary>What is left out, and why: it changes nothing for whoever compiles against a member or runs it.</summary>
    private static readonly Dictionary<string, string> LeftOut = new(StringComparer.Ordinal)
    {
        // What the compiler writes for the language: the signature has it, or it says how the member was compiled.
        ["System.Runtime.CompilerServices.NullableAttribute"] = "nullability, which the signature has",
        ["System.Runtime.CompilerServices.NullableContextAttribute"] = "nullability, which the signature has",
        [typeof(ExtensionAttribute).FullName!] = "\"this\", which the signature has",
        [typeof(ParamArrayAttribute).FullName!] = "\"params\", which the signature has",
        [typeof(System.Runtime.InteropServices.OptionalAttribute).FullName!] = "a default, which the signature has",
        [typeof(System.Runtime.InteropServices.OutAttribute).FullName!] = "\"out\", which the signature has",
        [typeof(DefaultMemberAttribute).FullName!] = "an indexer, which the signature has",
        [typeof(IsReadOnlyAttribute).FullName!] = "a read-only struct or reference: less than it promises breaks nobody",
        [typeof(CompilerGeneratedAttribute).FullName!] = "how the member was written",
        [typeof(AsyncStateMachineAttribute).FullName!] = "how the member was written",
        [typeof(IteratorStateMachineAttribute).FullName!] = "how the member was written",
        [typeof(AsyncIteratorStateMachineAttribute).FullName!] = "how the member was written",
        [typeof(PreserveBaseOverridesAttribute).FullName!] = "how the member was written",
        [typeof(TupleElementNamesAttribute).FullName!] = "names of tuples, of which there are none in the contract",

        // For tools.
        [typeof(DebuggerDisplayAttribute).FullName!] = "what a debugger shows",
        [typeof(DebuggerStepThroughAttribute).FullName!] = "what a debugger shows",
        [typeof(DebuggerHiddenAttribute).FullName!] = "what a debugger shows",
        [typeof(System.ComponentModel.EditorBrowsableAttribute).FullName!] = "what an editor lists",
        [typeof(ExcludeFromCodeCoverageAttribute).FullName!] = "what a coverage tool counts",
        [typeof(System.CodeDom.Compiler.GeneratedCodeAttribute).FullName!] = "what an analyzer skips",
    };

    public static IEnumerable<string> Of(Assembly assembly) => assembly.GetExportedTypes().SelectMany(LinesOf);

    private static IEnumerable<string> LinesOf(Type type)
    {
        string owner = PublicApi.LineOf(type);
        foreach (string text in TextsOf(type))
        {
            yield return $"{owner} | [{text}]";
        }

        if (type.IsEnum)
        {
            foreach (FieldInfo field in type.GetFields(BindingFlags.Public | BindingFlags.Static))
            {
                foreach (string text in TextsOf(field))
                {
                    yield return $"{owner} | [{text}] {field.Name}";
                }
            }
        }

        foreach ((MemberInfo member, string line) in PublicApi.MemberLinesOf(type))
        {
            foreach (string text in AllOf(member))
            {
                yield return $"{line} | {text}";
            }
        }
    }

    private static IEnumerable<string> AllOf(MemberInfo member)
    {
        foreach (string text in TextsOf(member))
        {
            yield return $"[{text}]";
        }

        if (member is MethodInfo method)
        {
            foreach (string text in TextsOf(method.ReturnParameter))
            {
                yield return $"[return: {text}]";
            }
        }

        foreach (ParameterInfo parameter in (member as MethodBase)?.GetParameters() ?? [])
        {
            foreach (string text in TextsOf(parameter))
            {
                yield return $"[{text}] {parameter.Name}";
            }
        }
    }

    private static IEnumerable<string> TextsOf(ICustomAttributeProvider provider)
    {
        IList<CustomAttributeData> attributes = provider switch
        {
            MemberInfo member => member.GetCustomAttributesData(),
            ParameterInfo parameter => parameter.GetCustomAttributesData(),
            _ => [],
        };
        return attributes.Where(IsPart).Select(Text).Order(StringComparer.Ordinal);
    }

    /// <summary>An attribute that others cannot name is nobody's business, but for those that the compiler knows by their names.</summary>
    private static bool IsPart(CustomAttributeData attribute) =>
        !LeftOut.ContainsKey(attribute.AttributeType.FullName!)
        && (attribute.AttributeType.IsVisible || attribute.AttributeType.Namespace == typeof(NotNullWhenAttribute).Namespace);

    /// <summary>Without the texts of messages, which everybody writes himself.</summary>
    private static string Text(CustomAttributeData attribute)
    {
        string name = attribute.AttributeType.Name;
        name = name.EndsWith("Attribute", StringComparison.Ordinal) ? name[..^"Attribute".Length] : name;
        bool isMessage = attribute.AttributeType == typeof(ObsoleteAttribute);
        string[] arguments =
        [
            .. attribute.ConstructorArguments.Where(argument => !isMessage || argument.Value is not string).Select(Value),
            .. attribute.NamedArguments.Select(argument => $"{argument.MemberName} = {Value(argument.TypedValue)}")
                .Order(StringComparer.Ordinal),
        ];
        return arguments.Length == 0 ? name : $"{name}({string.Join(", ", arguments)})";
    }

    private static string Value(CustomAttributeTypedArgument argument) => argument.Value switch
    {
        null => "null",
        // What others cannot name may have any name.
        Type type => type.IsVisible ? $"typeof({TypeText.Of(type)})" : "typeof(internal)",
        string text => $"\"{text}\"",
        bool flag => flag ? "true" : "false",
        IEnumerable list => string.Join(", ", list.Cast<CustomAttributeTypedArgument>().Select(Value)),
        var number when argument.ArgumentType.IsEnum =>
            Enum.ToObject(argument.ArgumentType, number).ToString()!.Replace(", ", " | ", StringComparison.Ordinal),
        var number => Convert.ToString(number, CultureInfo.InvariantCulture)!,
    };
}
