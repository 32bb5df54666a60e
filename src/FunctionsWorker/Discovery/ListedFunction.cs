using System.ComponentModel;
using System.Diagnostics.CodeAnalysis;
using System.Reflection;

namespace Microsoft.Azure.Functions.Worker.Discovery;

/// <summary>A function in a <see cref="FunctionList"/>. For generated code.</summary>
/// <param name="name">The function's name.</param>
/// <param name="type">The class that declares the method.</param>
/// <param name="method">The method's name.</param>
/// <param name="parameters">The types of its parameters.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed class ListedFunction(
    string name,
    [DynamicallyAccessedMembers(ListedFunction.Used)] Type type,
    string method,
    params Type[] parameters)
{
    private const DynamicallyAccessedMemberTypes Used =
        DynamicallyAccessedMemberTypes.PublicMethods | DynamicallyAccessedMemberTypes.PublicConstructors;

    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly | BindingFlags.ExactBinding;

    internal string Name => name;

    internal MethodInfo Method => type.GetMethod(method, Declared, parameters) ?? throw new MissingMethodException(
        $"Function '{name}': the list of {type.Assembly.GetName().Name} names {type.FullName}.{method}, which is not there; "
            + "build the project anew.");
}
