using System.Reflection;
using DurableTask.Core.Hub;

namespace Heal.DurableTask.Engine.Tests;

/// <summary>A hub whose calls a test may answer itself: null lets the real hub answer.</summary>
public class HubProxy : DispatchProxy
{
    private ITaskHub _hub = null!;
    private Func<string, object?[], object?> _answer = null!;

    public static ITaskHub Around(ITaskHub hub, Func<string, object?[], object?> answer)
    {
        ITaskHub proxy = Create<ITaskHub, HubProxy>();
        ((HubProxy)(object)proxy)._hub = hub;
        ((HubProxy)(object)proxy)._answer = answer;
        return proxy;
    }

    /// <summary>As <see cref="Around"/>, of a hub that hands new instances straight to its process's worker.</summary>
    public static ITaskHub AroundLocal(ITaskHub hub, Func<string, object?[], object?> answer)
    {
        ITaskHub proxy = Create<ILocalHub, HubProxy>();
        ((HubProxy)(object)proxy)._hub = hub;
        ((HubProxy)(object)proxy)._answer = answer;
        return proxy;
    }

    /// <summary>For a client whose worker leaves all work to others.</summary>
    public static ITaskHub WithoutWork(ITaskHub hub) => Around(hub, (method, _) => method switch
    {
        nameof(ITaskHub.LockActivitiesAsync) => Task.FromResult<IReadOnlyList<ActivityWorkItem>>([]),
        nameof(ITaskHub.LockOrchestrationsAsync) => Task.FromResult<IReadOnlyList<OrchestrationWorkItem>>([]),
        _ => null,
    });

    /// <summary>For a worker that runs orchestrations, but leaves all activities to others.</summary>
    public static ITaskHub WithoutActivities(ITaskHub hub) => Around(hub, (method, arguments) => method switch
    {
        nameof(ITaskHub.LockActivitiesAsync) => Task.FromResult<IReadOnlyList<ActivityWorkItem>>([]),
        nameof(ITaskHub.CommitTurnAsync) =>
            hub.CommitTurnAsync((TurnCommit)arguments[0]! with { ClaimActivities = 0 }, (CancellationToken)arguments[1]!),
        _ => null,
    });

    /// <summary>For a worker that runs activities, but leaves all orchestrations to others.</summary>
    public static ITaskHub WithoutOrchestrations(ITaskHub hub) => Around(hub, (method, _) =>
        method == nameof(ITaskHub.LockOrchestrationsAsync) ? Task.FromResult<IReadOnlyList<OrchestrationWorkItem>>([]) : null);

    /// <summary>Calls to the entities fail where the test says so.</summary>
    public static ITaskHub AroundEntities(ITaskHub hub, Func<string, bool> fails) => AroundEntities(
        hub, method => fails(method) ? Task.FromException(new TimeoutException("The hub did not answer.")) : null);

    /// <summary>Calls to the entities are answered by the test where it likes to.</summary>
    public static ITaskHub AroundEntities(ITaskHub hub, Func<string, object?> answer) =>
        AroundEntities(hub, (method, _) => answer(method));

    /// <inheritdoc cref="AroundEntities(ITaskHub, Func{string, object})"/>
    public static ITaskHub AroundEntities(ITaskHub hub, Func<string, object?[], object?> answer)
    {
        IEntityHub entities = EntityHubProxy.Around(hub.Entities, answer);
        return Around(hub, (method, _) => method == $"get_{nameof(ITaskHub.Entities)}" ? entities : null);
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
        _answer(targetMethod!.Name, args ?? [])
        ?? targetMethod.Invoke(_hub, BindingFlags.DoNotWrapExceptions, binder: null, args, culture: null);
}

/// <summary>What <see cref="HubProxy.AroundLocal"/> stands for.</summary>
public interface ILocalHub : ITaskHub, ILocalDispatch;
