using System.Linq.Expressions;
using System.Reflection;

namespace Microsoft.Azure.Functions.Worker.Invocation;

/// <summary>
/// A function's method as a delegate that takes what the binder gives and waits for what the method returns: compiled when it is first
/// called, so that a start with many functions does not pay for those that nobody calls.
/// </summary>
internal static class FunctionMethod
{
    public static Func<object?, object?[], ValueTask<object?>> Compile(MethodInfo method)
    {
        ParameterExpression instance = Expression.Parameter(typeof(object), "instance");
        ParameterExpression arguments = Expression.Parameter(typeof(object?[]), "arguments");
        MethodCallExpression call = Expression.Call(
            method.IsStatic ? null : Expression.Convert(instance, method.DeclaringType!),
            method,
            method.GetParameters().Select((p, i) => Argument(Expression.ArrayIndex(arguments, Expression.Constant(i)), p.ParameterType)));
        return Expression.Lambda<Func<object?, object?[], ValueTask<object?>>>(Awaited(call), instance, arguments).Compile();
    }

    // Null stands for the default of a structure, as it does in reflection: ParameterInfo.DefaultValue gives it.
    private static Expression Argument(Expression value, Type type) => type.IsValueType && Nullable.GetUnderlyingType(type) is null
        ? Expression.Condition(
            Expression.ReferenceEqual(value, Expression.Constant(null)), Expression.Default(type), Expression.Convert(value, type))
        : Expression.Convert(value, type);

    private static Expression Awaited(MethodCallExpression call)
    {
        Type type = call.Type;
        if (type == typeof(void))
        {
            return Expression.Block(call, Expression.Default(typeof(ValueTask<object?>)));
        }

        if (type == typeof(Task) || type == typeof(ValueTask))
        {
            return Expression.Call(Helper(nameof(WaitAsync), type), call);
        }

        bool isTaskOf = type.IsGenericType
            && (type.GetGenericTypeDefinition() == typeof(Task<>) || type.GetGenericTypeDefinition() == typeof(ValueTask<>));
        return isTaskOf
            ? Expression.Call(
                Helper(type.GetGenericTypeDefinition() == typeof(Task<>) ? nameof(OfTaskAsync) : nameof(OfValueTaskAsync))
                    .MakeGenericMethod(type.GenericTypeArguments[0]),
                call)
            : Expression.Call(Helper(nameof(At)), Expression.Convert(call, typeof(object)));
    }

    private static MethodInfo Helper(string name, params Type[] parameters)
    {
        const BindingFlags own = BindingFlags.NonPublic | BindingFlags.Static;
        return parameters.Length == 0
            ? typeof(FunctionMethod).GetMethod(name, own)!
            : typeof(FunctionMethod).GetMethod(name, own, parameters)!;
    }

    private static ValueTask<object?> At(object? result) => new(Result(result));

    // No ConfigureAwait here: the turns of an orchestrator run on their own scheduler and must stay on it.
    private static async ValueTask<object?> WaitAsync(Task task)
    {
        await task;
        return null;
    }

    private static async ValueTask<object?> WaitAsync(ValueTask task)
    {
        await task;
        return null;
    }

    private static async ValueTask<object?> OfTaskAsync<T>(Task<T> task) => await task;

    private static async ValueTask<object?> OfValueTaskAsync<T>(ValueTask<T> task) => await task;

    /// <summary>A method may be declared to return object, and return a task in it all the same; nobody could use the task.</summary>
    private static object? Result(object? result) => result is Task
        ? throw new InvalidOperationException("The function returned a task as an object; declare the method to return Task or Task<T>.")
        : result;
}
