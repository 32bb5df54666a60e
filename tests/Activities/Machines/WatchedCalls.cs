using System.Reflection;
using Heal.Drivers.Libvirt;

namespace Heal.Activities.Tests;

/// <summary>Somebody who sits between an action and libvirt's driver: told of every call once libvirt has answered it, and of a migration
/// as soon as it is under way. Everything passes through.</summary>
public class WatchedCalls : DispatchProxy
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);

    private static readonly MethodInfo AfterWithResult = typeof(WatchedCalls).GetMethod(
        nameof(AfterResultAsync), BindingFlags.Instance | BindingFlags.NonPublic)!;

    private object _inner = null!;
    private Action<string> _reached = null!;

    /// <summary>All hosts, watched.</summary>
    /// <param name="reached">Told "after NAME" with the name of the driver's method, and "during MigrateAsync".</param>
    public static ILibvirtHosts Around(ILibvirtHosts hosts, Action<string> reached) => new WatchedHosts(
        [.. hosts.All.Select(host => Around(host, reached))]);

    /// <summary>Further ways to hosts, watched as well.</summary>
    public static ILibvirtConnector Around(ILibvirtConnector connector, Action<string> reached) =>
        Around<ILibvirtConnector>(connector, reached);

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        var arguments = args?.Select(argument => argument is MigrationRequest request
            ? request with { Destination = (ILibvirtHost)((WatchedCalls)request.Destination)._inner } : argument).ToArray();
        object? answer;
        try
        {
            answer = targetMethod!.Invoke(_inner, arguments);
        }
        catch (TargetInvocationException e)
        {
            throw e.InnerException!;
        }

        return answer switch
        {
            ILibvirtHost host => Around<ILibvirtHost>(host, _reached),
            IDomains domains => Around(domains, _reached),
            IStorage storage => Around(storage, _reached),
            Task moving when targetMethod.Name == nameof(IDomains.MigrateAsync) =>
                MigrateAsync(moving, (IDomains)_inner, (Guid)arguments![0]!),
            Task task when task.GetType() is { IsGenericType: true } && targetMethod.ReturnType.IsGenericType =>
                AfterWithResult.MakeGenericMethod(targetMethod.ReturnType.GetGenericArguments()).Invoke(this, [task, targetMethod.Name]),
            Task task => AfterAsync(task, targetMethod.Name),
            _ => answer,
        };
    }

    private static T Around<T>(T inner, Action<string> reached) where T : class
    {
        var proxy = Create<T, WatchedCalls>();
        var watched = (WatchedCalls)(object)proxy;
        (watched._inner, watched._reached) = (inner, reached);
        return proxy;
    }

    private async Task MigrateAsync(Task moving, IDomains domains, Guid uuid)
    {
        while (!moving.IsCompleted)
        {
            // the job is all that tells how far it is
            if (await domains.GetJobAsync(uuid) is { Operation: "migration-out", DataProcessed: > 0 }) _reached("during MigrateAsync");
            await Task.WhenAny(moving, Task.Delay(Poll));
        }

        await AfterAsync(moving, nameof(IDomains.MigrateAsync));
    }

    private async Task AfterAsync(Task task, string call)
    {
        await task;
        _reached($"after {call}");
    }

    private async Task<T> AfterResultAsync<T>(Task<T> task, string call)
    {
        var answer = await task;
        _reached($"after {call}");
        return answer;
    }

    private sealed class WatchedHosts(IReadOnlyList<ILibvirtHost> hosts) : ILibvirtHosts
    {
        public IReadOnlyList<ILibvirtHost> All => hosts;

        public ILibvirtHost? Find(string name) => hosts.FirstOrDefault(host => host.Name == name);
    }
}
