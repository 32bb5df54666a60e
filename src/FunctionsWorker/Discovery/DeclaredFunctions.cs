using System.Reflection;

namespace Microsoft.Azure.Functions.Worker.Discovery;

/// <summary>The functions of an assembly: from the list that the compiler wrote, else by a look at every method.</summary>
internal static class DeclaredFunctions
{
    public static IEnumerable<(string Name, MethodInfo Method)> Of(Assembly assembly) =>
        ListOf(assembly) is { } list ? Listed(list, assembly) : Found(assembly.GetTypes());

    /// <summary>Null for an assembly that was compiled without the generator.</summary>
    public static FunctionList? ListOf(Assembly assembly) =>
        assembly.GetCustomAttribute<FunctionListAttribute>() is { } attribute
            ? (FunctionList)Activator.CreateInstance(attribute.List)!
            : null;

    public static IEnumerable<(string Name, MethodInfo Method)> Found(IEnumerable<Type> types) =>
        from type in types
        from method in type.GetMethods(
            BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly)
        let attribute = method.GetCustomAttribute<FunctionAttribute>()
        where attribute is not null
        select (attribute.Name, method);

    private static IEnumerable<(string Name, MethodInfo Method)> Listed(FunctionList list, Assembly assembly) =>
    [
        .. list.Functions().Select(static f => (f.Name, f.Method)),
        .. Found(list.ClassesToSearch().Select(name => assembly.GetType(name)).OfType<Type>()),
    ];
}
