using System.Reflection;

namespace Heal.DurableTask.ApiSurface.Tests;

/// <summary>Types as C# writes them.</summary>
internal static class TypeText
{
    private static readonly NullabilityInfoContext Nullability = new();

    private static readonly Dictionary<Type, string> Keywords = new()
    {
        [typeof(void)] = "void",
        [typeof(object)] = "object",
        [typeof(string)] = "string",
        [typeof(bool)] = "bool",
        [typeof(int)] = "int",
        [typeof(long)] = "long",
        [typeof(double)] = "double",
        [typeof(byte)] = "byte",
    };

    public static string Of(ParameterInfo parameter) =>
        Of(parameter.ParameterType) + Mark(parameter.ParameterType, Nullability.Create(parameter).ReadState);

    public static string Of(FieldInfo field) => Of(field.FieldType) + Mark(field.FieldType, Nullability.Create(field).ReadState);

    public static string Of(PropertyInfo property)
    {
        NullabilityInfo info = Nullability.Create(property);
        return Of(property.PropertyType) + Mark(property.PropertyType, property.CanRead ? info.ReadState : info.WriteState);
    }

    public static string Of(Type type)
    {
        if (type.IsByRef)
        {
            return Of(type.GetElementType()!);
        }

        if (type.IsArray)
        {
            return Of(type.GetElementType()!) + "[]";
        }

        if (Nullable.GetUnderlyingType(type) is { } value)
        {
            return Of(value) + "?";
        }

        return Keywords.TryGetValue(type, out string? keyword) ? keyword
            : type.IsGenericParameter ? type.Name
            : OfDeclaration(type);
    }

    /// <summary>With the types around it, and its type arguments.</summary>
    public static string OfDeclaration(Type type)
    {
        string outer = type.DeclaringType is { } declaring && !type.IsGenericParameter ? OfDeclaration(declaring) + "." : "";
        string name = type.Name.Split('`')[0];
        return outer + name + Arguments(type.GetGenericArguments());
    }

    public static string Arguments(MethodInfo method) => Arguments(method.GetGenericArguments());

    private static string Arguments(Type[] arguments) =>
        arguments.Length == 0 ? "" : $"<{string.Join(", ", arguments.Select(Of))}>";

    private static string Mark(Type type, NullabilityState state) =>
        state == NullabilityState.Nullable && !(type.IsValueType && !type.IsGenericParameter) && type != typeof(void) ? "?" : "";
}
