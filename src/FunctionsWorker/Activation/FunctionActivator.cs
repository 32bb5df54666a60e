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
    /// <summary>Makes it by its constructor, with services of the invocation's scope; of several, by the one that takes most of what
    /// there is. How is worked out once per type that has one.</summary>
    internal sealed class DefaultFunctionActivator : IFunctionActivator
    {
        private readonly ConcurrentDictionary<Type, Func<IServiceProvider, object>> _factories = new();

        public object CreateInstance(Type instanceType, FunctionContext context) =>
            _factories.GetOrAdd(instanceType, static t => FactoryOf(t))(context.InstanceServices);

        private static Func<IServiceProvider, object> FactoryOf(Type type)
        {
            if (type.GetConstructors().Length > 1)
            {
                // A factory would be of one constructor, and refuses to choose.
                return services => ActivatorUtilities.CreateInstance(services, type);
            }

            ObjectFactory factory = ActivatorUtilities.CreateFactory(type, []);
            return services => factory(services, []);
        }
    }
}
