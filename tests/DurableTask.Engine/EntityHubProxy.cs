using System.Reflection;
using DurableTask.Core.Hub;

namespace Heal.DurableTask.Engine.Tests;

/// <summary>Entities of a hub whose calls a test may answer itself, before they reach it: null lets the hub answer.</summary>
public class EntityHubProxy : DispatchProxy
{
    private IEntityHub _entities = null!;
    private Func<string, object?[], object?> _answer = null!;

    public static IEntityHub Around(IEntityHub entities, Func<string, object?[], object?> answer)
    {
        IEntityHub proxy = Create<IEntityHub, EntityHubProxy>();
        ((EntityHubProxy)(object)proxy)._entities = entities;
        ((EntityHubProxy)(object)proxy)._answer = answer;
        return proxy;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
        _answer(targetMethod!.Name, args ?? [])
        ?? targetMethod.Invoke(_entities, BindingFlags.DoNotWrapExceptions, binder: null, args, culture: null);
}
