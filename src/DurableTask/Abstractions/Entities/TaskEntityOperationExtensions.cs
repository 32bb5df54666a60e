using System.Reflection;
using System.Runtime.ExceptionServices;

namespace Microsoft.DurableTask.Entities;

/// <summary>Finds and calls the method of an operation.</summary>
public static class TaskEntityOperationExtensions
{
    private const BindingFlags PublicMethods = BindingFlags.Instance | BindingFlags.Public | BindingFlags.IgnoreCase;

    /// <returns>False when the target has no such method; else the method's result, awaited.</returns>
    /// <exception cref="InvalidOperationException">The method needs an input and there is none, or takes something twice.</exception>
    /// <exception cref="AmbiguousMatchException">Several methods have the name.</exception>
    internal static async ValueTask<(bool Found, object? Result)> TryDispatchAsync(this TaskEntityOperation operation, object target)
    {
        var method = FindMethod(target.GetType(), operation.Name);
        if (method is null)
        {
            return (false, null);
        }

        RequireDistinct(method);
        var arguments = method.GetParameters().Select(parameter => ArgumentFor(parameter, operation)).ToArray();
        object? returned;
        try
        {
            returned = method.Invoke(target, arguments);
        }
        catch (TargetInvocationException e) when (e.InnerException is not null)
        {
            ExceptionDispatchInfo.Throw(e.InnerException);
            throw;
        }

        return (true, await ResultOf(returned, method.ReturnType));
    }

    private static MethodInfo? FindMethod(Type type, string name)
    {
        // Methods of object (ToString, Equals ...) and of the base class itself (RunAsync) are no operations.
        var methods = type.GetMethods(PublicMethods)
            .Where(method => method.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
            .Where(method => !method.IsSpecialName && !IsEngineMethod(method))
            .ToList();
        return methods.Count <= 1
            ? methods.FirstOrDefault()
            : throw new AmbiguousMatchException(
                $"{type}: expected one public method '{name}', got {methods.Count}. Overloads are not allowed.");
    }

    private static bool IsEngineMethod(MethodInfo method)
    {
        var owner = method.GetBaseDefinition().DeclaringType!;
        return owner == typeof(object) || owner == typeof(ValueType)
            || (owner.IsGenericType && owner.GetGenericTypeDefinition() == typeof(TaskEntity<>));
    }

    /// <exception cref="InvalidOperationException">The method takes several inputs, contexts or operations.</exception>
    private static void RequireDistinct(MethodInfo method)
    {
        var several = method.GetParameters()
            .GroupBy(parameter => parameter.ParameterType == typeof(TaskEntityContext) ? "context"
                : parameter.ParameterType == typeof(TaskEntityOperation) ? "operation"
                : "input")
            .FirstOrDefault(kind => kind.Count() > 1);
        if (several is not null)
        {
            throw new InvalidOperationException(
                $"{method.DeclaringType}.{method.Name}: expected at most one {several.Key} parameter, got {several.Count()}.");
        }
    }

    private static object? ArgumentFor(ParameterInfo parameter, TaskEntityOperation operation)
    {
        if (parameter.ParameterType == typeof(TaskEntityContext))
        {
            return operation.Context;
        }

        if (parameter.ParameterType == typeof(TaskEntityOperation))
        {
            return operation;
        }

        if (operation.HasInput)
        {
            return operation.GetInput(parameter.ParameterType);
        }

        return parameter.HasDefaultValue
            ? parameter.DefaultValue
            : throw new InvalidOperationException(
                $"Operation '{operation.Name}' of entity '{operation.Context?.Id}': expected an input for parameter "
                + $"'{parameter.Name}', got none.");
    }

    private static async ValueTask<object?> ResultOf(object? returned, Type declared)
    {
        // A method that promises an object may hand out a task all the same.
        declared = declared == typeof(object) && returned is not null ? returned.GetType() : declared;

        switch (returned)
        {
            case null:
                return null;
            case Task task:
                await task;
                return declared.IsGenericType ? task.GetType().GetProperty(nameof(Task<object>.Result))!.GetValue(task) : null;
            case ValueTask valueTask:
                await valueTask;
                return null;
        }

        if (!declared.IsGenericType || declared.GetGenericTypeDefinition() != typeof(ValueTask<>))
        {
            return returned;
        }

        var asTask = (Task)declared.GetMethod(nameof(ValueTask<object>.AsTask))!.Invoke(returned, null)!;
        return await ResultOf(asTask, typeof(Task<>).MakeGenericType(declared.GetGenericArguments()));
    }
}
