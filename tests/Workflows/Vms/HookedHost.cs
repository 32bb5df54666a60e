using System.Reflection;
using Heal.Drivers.Libvirt;

namespace Heal.Workflows.Tests;

/// <summary>
/// A host around each of whose calls something may happen: the test says at which call, counted from 1 over all its parts, what is thrown,
/// and whether before the effect or after it.
/// </summary>
public class HookedHost : DispatchProxy
{
    private static readonly string[] Reads = ["Get", "List", "Find", "Ask", "Compare"];
    private object _inner = null!;
    private Plan _plan = null!;

    public static ILibvirtHost Around(ILibvirtHost inner, Plan plan) => Wrap(inner, plan);

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        var method = targetMethod!;
        if (method.Name is "get_Domains") return Wrap(((ILibvirtHost)_inner).Domains, _plan);
        if (method.Name is "get_Storage") return Wrap(((ILibvirtHost)_inner).Storage, _plan);
        if (method.Name is "get_Networks") return Wrap(((ILibvirtHost)_inner).Networks, _plan);
        if (!method.Name.EndsWith("Async", StringComparison.Ordinal) || method.Name == "DisposeAsync") return method.Invoke(_inner, args);

        var isRead = Reads.Any(word => method.Name.StartsWith(word, StringComparison.Ordinal));
        if (!_plan.Counts(isRead) || _plan.Error(method.Name) is not { } error) return method.Invoke(_inner, args);
        if (_plan.AfterEffect) ((Task)method.Invoke(_inner, args)!).GetAwaiter().GetResult();
        throw error;
    }

    private static T Wrap<T>(T inner, Plan plan)
        where T : class
    {
        var proxy = Create<T, HookedHost>();
        ((HookedHost)(object)proxy)._inner = inner;
        ((HookedHost)(object)proxy)._plan = plan;
        return proxy;
    }

    /// <param name="error">Null: nothing happens, and the calls are counted.</param>
    /// <param name="at">The call that it happens at.</param>
    /// <param name="writesOnly">Calls that only read are not counted.</param>
    public sealed class Plan(Func<Exception>? error, int at = 0, bool afterEffect = false, bool writesOnly = false)
    {
        public int Calls { get; private set; }

        public bool AfterEffect => afterEffect;

        /// <summary>The method that it happened at.</summary>
        public string? Struck { get; private set; }

        public bool Counts(bool isRead)
        {
            if (isRead && writesOnly) return false;
            Calls++;
            return true;
        }

        public Exception? Error(string method)
        {
            if (error is null || Calls != at) return null;
            Struck = method;
            return error();
        }
    }
}

/// <summary>Stands for the process that dies: what it was doing is done again by the next one.</summary>
public sealed class KilledException() : Exception("killed");
