using System.Reflection;
using DurableTask.Core.Hub;

namespace Heal.DurableTask.Engine.Tests;

/// <summary>Entities of a hub whose calls fail where a test says so, before they reach it.</summary>
public class EntityHubProxy : DispatchProxy
{
    private IEntityHub _entities = null!;
    private Func<string, bool> _fails = null!;

    public static IEntityHub Around(IEntityHub entities, Func<string, bool> fails)
    {
        IEntityHub proxy = Create<IEntityHub, EntityHubProxy>();
        ((EntityHubProxy)(object)proxy)._entities = entities;
        ((EntityHubProxy)(object)proxy)._fails = fails;
        return proxy;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => _fails(targetMethod!.Name)
        ? Task.FromException(new TimeoutException("The hub did not answer."))
        : targetMethod.Invoke(_entities, BindingFlags.DoNotWrapExceptions, binder: null, args, culture: null);
}
