using System.Diagnostics.CodeAnalysis;
using Microsoft.Azure.Functions.Worker.Discovery;

namespace Microsoft.Azure.Functions.Worker.Converters;

/// <summary>On a converter: a type of parameter that it is asked for. Without any it is asked for all.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class SupportedTargetTypeAttribute(Type targetType) : Attribute
{
    public Type TargetType { get; } = targetType;
}

/// <summary>Whether the registered converters are asked when those that a binding attribute names did not handle a parameter.</summary>
public enum ConverterFallbackBehavior
{
    /// <summary>They are asked.</summary>
    Allow = 0,

    /// <inheritdoc cref="Allow"/>
    Default = Allow,

    /// <summary>They are not: the parameter gets its default, or the invocation fails.</summary>
    Disallow = 1,
}

/// <summary>On a binding attribute: see <see cref="ConverterFallbackBehavior"/>. Default: Allow.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class ConverterFallbackBehaviorAttribute(ConverterFallbackBehavior fallbackBehavior) : Attribute
{
    public ConverterFallbackBehavior Behavior { get; } = fallbackBehavior;
}

public static class ConverterContextExtensions
{
    /// <summary>The binding attribute of the parameter, if it is a <typeparamref name="T"/>.</summary>
    public static bool TryGetBindingAttribute<T>(this ConverterContext context, [NotNullWhen(true)] out object? bindingAttribute) =>
        context.TryGetBindingAttribute(typeof(T), out bindingAttribute);

    /// <summary>The binding attribute of the parameter, if it is of the type.</summary>
    public static bool TryGetBindingAttribute(
        this ConverterContext context, Type type, [NotNullWhen(true)] out object? bindingAttribute)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(type);
        return context.Properties.TryGetValue(ParameterDescriptor.AttributeProperty, out bindingAttribute)
            && type.IsInstanceOfType(bindingAttribute);
    }
}
