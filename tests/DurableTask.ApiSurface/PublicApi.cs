using System.Reflection;
using System.Runtime.CompilerServices;

namespace Heal.DurableTask.ApiSurface.Tests;

/// <summary>
/// Writes the public API of assemblies as lines "type | declaration" and "type | member", in the notation of the contract's lists:
/// nullability is that of the outermost type, private setters and what the compiler generates for records are left out.
/// </summary>
internal static class PublicApi
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    public static IEnumerable<string> Of(params Assembly[] assemblies) => assemblies
        .SelectMany(assembly => assembly.GetExportedTypes())
        .SelectMany(LinesOf);

    /// <summary>The line of a type's declaration.</summary>
    public static string LineOf(Type type) => $"{OwnerOf(type)} | {Header(type)}";

    /// <summary>The line of a member as it was declared, an accessor's being that of its property; null for one that has none, because the
    /// compiler generates it or the type's own line holds it.</summary>
    public static string? LineOf(MemberInfo member)
    {
        Type type = member.DeclaringType!;
        MemberInfo declared = type.Module.ResolveMember(member.MetadataToken)!;
        type = declared.DeclaringType!;
        declared = type.GetProperties(Declared).FirstOrDefault(
            property => declared.Equals(property.GetMethod) || declared.Equals(property.SetMethod)) ?? declared;
        return MembersOf(type)
            .Where(line => line.Member.Equals(declared))
            .Select(line => $"{OwnerOf(type)} | {line.Text}")
            .FirstOrDefault();
    }

    private static string OwnerOf(Type type) => $"{type.Namespace}.{TypeText.OfDeclaration(type)}";

    /// <summary>The members of a type that have a line, with it.</summary>
    public static IEnumerable<(MemberInfo Member, string Line)> MemberLinesOf(Type type) =>
        MembersOf(type).Select(line => (line.Member, $"{OwnerOf(type)} | {line.Text}"));

    private static IEnumerable<string> LinesOf(Type type) => MemberLinesOf(type).Select(line => line.Line).Prepend(LineOf(type));

    private static IEnumerable<(MemberInfo Member, string Text)> MembersOf(Type type) =>
        type.IsEnum || IsDelegate(type) ? [] : Fields(type).Concat(Constructors(type)).Concat(Properties(type)).Concat(Methods(type));

    private static string Header(Type type)
    {
        string name = TypeText.OfDeclaration(type);
        if (type.IsEnum)
        {
            IEnumerable<string> values = type.GetFields(BindingFlags.Public | BindingFlags.Static)
                .Select(field => $"{field.Name}={Convert.ToInt64(field.GetRawConstantValue())}");
            return $"enum {name} {{ {string.Join(", ", values)} }}";
        }

        if (IsDelegate(type))
        {
            MethodInfo invoke = type.GetMethod("Invoke")!;
            return $"delegate {ReturnText(invoke)} {name}({Parameters(invoke)})";
        }

        string kind = type.IsInterface ? "interface" : type.IsValueType ? "struct" : IsRecord(type) ? "record" : "class";
        string modifier = kind is "interface" or "struct" ? "" : type switch
        {
            { IsAbstract: true, IsSealed: true } => "static ",
            { IsAbstract: true } => "abstract ",
            { IsSealed: true } => "sealed ",
            _ => "",
        };
        string bases = string.Join(", ", BasesOf(type));
        return $"{modifier}{kind} {name}{(bases.Length > 0 ? " : " : "")}{bases}";
    }

    private static IEnumerable<string> BasesOf(Type type)
    {
        Type? parent = type.IsInterface || type.IsValueType || type.BaseType == typeof(object) ? null : type.BaseType;
        IEnumerable<Type> inherited = (parent?.GetInterfaces() ?? []).Concat(type.GetInterfaces().SelectMany(face => face.GetInterfaces()));
        IEnumerable<Type> own = type.GetInterfaces().Except(inherited);
        return (parent is null ? [] : new[] { TypeText.Of(parent) }).Concat(own.Select(TypeText.Of)).Order(StringComparer.Ordinal);
    }

    private static IEnumerable<(MemberInfo Member, string Text)> Fields(Type type) =>
        from field in type.GetFields(Declared)
        where field.IsPublic || field.IsFamily
        let kind = field.IsLiteral ? "const " : (field.IsStatic ? "static " : "") + (field.IsInitOnly ? "readonly " : "")
        let value = field.IsLiteral ? $" = {field.GetRawConstantValue()}" : ""
        select ((MemberInfo)field, $"{Access(field.IsFamily)}{kind}{TypeText.Of(field)} {field.Name}{value}");

    private static IEnumerable<(MemberInfo Member, string Text)> Constructors(Type type) =>
        from made in type.GetConstructors(Declared)
        where !made.IsStatic && IsVisible(made)
        select ((MemberInfo)made, $"{Obsolete(made)}{Access(IsProtected(made))}.ctor({Parameters(made)})");

    private static IEnumerable<(MemberInfo Member, string Text)> Properties(Type type)
    {
        foreach (PropertyInfo property in type.GetProperties(Declared))
        {
            MethodInfo? get = property.GetMethod is { } getter && IsVisible(getter) ? getter : null;
            MethodInfo? set = property.SetMethod is { } setter && IsVisible(setter) ? setter : null;
            if ((get ?? set) is not { } any || IsGenerated(any) || property.Name == "EqualityContract")
            {
                continue;
            }

            bool init = set?.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)) ?? false;
            string accessors = (get is null ? "" : "get; ") + (set is null ? "" : init ? "init; " : "set; ");
            yield return (property, $"{Modifiers(any)}{TypeText.Of(property)} {property.Name} {{ {accessors}}}");
        }
    }

    private static IEnumerable<(MemberInfo Member, string Text)> Methods(Type type) =>
        from method in type.GetMethods(Declared)
        where IsVisible(method) && !IsGenerated(method)
        where !method.IsSpecialName || method.Name.StartsWith("op_", StringComparison.Ordinal)
        let name = method.Name + TypeText.Arguments(method)
        select ((MemberInfo)method, $"{Obsolete(method)}{Modifiers(method)}{ReturnText(method)} {name}({Parameters(method)})");

    /// <summary>The members of a record that nobody wrote. A record struct cannot be told from a struct: there they count.</summary>
    private static bool IsGenerated(MethodInfo method) => method.Name is "<Clone>$"
        || (method.DeclaringType is { IsValueType: false } owner && IsRecord(owner)
            && (method.IsDefined(typeof(CompilerGeneratedAttribute)) || method.Name is "Deconstruct" or "PrintMembers")
            && !IsAutoProperty(method));

    private static bool IsAutoProperty(MethodInfo method) =>
        method.IsSpecialName && !method.Name.StartsWith("op_", StringComparison.Ordinal) && method.Name != "get_EqualityContract";

    private static bool IsRecord(Type type) => type.GetMethod("<Clone>$", Declared) is not null;

    private static bool IsDelegate(Type type) => typeof(MulticastDelegate).IsAssignableFrom(type);

    private static bool IsVisible(MethodBase method) => method.IsPublic || IsProtected(method);

    private static bool IsProtected(MethodBase method) => method.IsFamily || method.IsFamilyOrAssembly;

    private static string Access(bool isProtected) => isProtected ? "protected " : "";

    private static string Obsolete(MemberInfo member) => member.IsDefined(typeof(ObsoleteAttribute)) ? "[Obsolete] " : "";

    private static string Modifiers(MethodInfo method)
    {
        string access = Access(IsProtected(method));
        if (method.DeclaringType!.IsInterface)
        {
            return access;
        }

        return access + method switch
        {
            { IsStatic: true } => "static ",
            { IsAbstract: true } => "abstract ",
            { IsVirtual: true, IsFinal: false } when method.GetBaseDefinition() == method => "virtual ",
            { IsVirtual: true } when method.GetBaseDefinition() != method => "override ",
            _ => "",
        };
    }

    private static string ReturnText(MethodInfo method) => TypeText.Of(method.ReturnParameter);

    private static string Parameters(MethodBase method) =>
        string.Join(", ", method.GetParameters().Select((parameter, index) => ParameterText(method, parameter, index)));

    private static string ParameterText(MethodBase method, ParameterInfo parameter, int index)
    {
        string prefix = index == 0 && method.IsDefined(typeof(ExtensionAttribute)) ? "this "
            : parameter.IsDefined(typeof(ParamArrayAttribute)) ? "params "
            : parameter.IsOut ? "out "
            : parameter.ParameterType.IsByRef ? "ref "
            : "";
        string value = parameter.HasDefaultValue ? $" = {DefaultText(parameter)}" : "";
        return $"{prefix}{TypeText.Of(parameter)} {parameter.Name}{value}";
    }

    private static string DefaultText(ParameterInfo parameter) => parameter.DefaultValue switch
    {
        null => parameter.ParameterType.IsValueType ? "default" : "null",
        bool flag => flag ? "true" : "false",
        string text => $"\"{text}\"",
        IFormattable number => number.ToString(null, System.Globalization.CultureInfo.InvariantCulture),
        var other => other.ToString()!,
    };
}
