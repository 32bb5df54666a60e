using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.Azure.Functions.Worker
{
    /// <summary>
    /// Makes the object whose method is the function, one per invocation. Replace it by registering another: for a container that makes
    /// objects in its own way. What it makes is disposed after the invocation.
    /// </summary>
    public interface IFunctionActivator
    {
        object? CreateInstance(Type instanceType, FunctionContext context);
    }
}

namespace Microsoft.Azure.Functions.Worker.Core.Invocation
{
    public static class FunctionActivatorExtensions
    {
        public static T? CreateInstance<T>(this IFunctionActivator activator, FunctionContext context)
        {
            ArgumentNullException.ThrowIfNull(activator);
            return (T?)activator.CreateInstance(typeof(T), context);
        }
    }
}

namespace Microsoft.Azure.Functions.Worker.Activation
{
    /// <summary>Makes it by its constructor, with services of the invocation's scope. How is worked out once per type.</summary>
    internal sealed class DefaultFunctionActivator : IFunctionActivator
    {
        private readonly ConcurrentDictionary<Type, ObjectFactory> _factories = new();

        public object CreateInstance(Type instanceType, FunctionContext context) =>
            _factories.GetOrAdd(instanceType, static t => ActivatorUtilities.CreateFactory(t, []))(context.InstanceServices, []);
    }
}
