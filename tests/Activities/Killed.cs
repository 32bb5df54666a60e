using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;
using ListOptions = Heal.Drivers.Kubernetes.ListOptions;

namespace Heal.Activities.Tests;

/// <summary>Stands for the process that dies at a chosen point: everything after it never happens.</summary>
internal sealed class KilledException(string at) : Exception($"killed {at}");

/// <summary>A ledger whose process dies before or after one of its writes. How: as <paramref name="die"/> does it (what comes back from
/// it lives on), else by an exception.</summary>
internal sealed class KilledStore(IHealStore inner, string at, Action<string>? die = null) : IHealStore, IOpenIncidents
{
    public async Task<Operation> IntendAsync(Operation operation, CancellationToken cancellationToken)
    {
        Die("before intend");
        var row = await inner.IntendAsync(operation, cancellationToken);
        Die("after intend");
        return row;
    }

    public async Task<Operation> IntendUnlessBusyAsync(
        Operation operation, DateTimeOffset busySince, CancellationToken cancellationToken)
    {
        Die("before intend");
        var row = await inner.IntendUnlessBusyAsync(operation, busySince, cancellationToken);
        Die("after intend");
        return row;
    }

    public Task<string?> StandingOnAsync(Operation operation, string? mark, CancellationToken cancellationToken) =>
        inner.StandingOnAsync(operation, mark, cancellationToken);

    public async Task<Operation> FinishAsync(string key, OperationEnd end, DateTimeOffset now, CancellationToken cancellationToken)
    {
        Die("before confirm");
        var row = await inner.FinishAsync(key, end, now, cancellationToken);
        Die("after confirm");
        return row;
    }

    public Task<Operation?> FindOperationAsync(string key, CancellationToken cancellationToken) =>
        inner.FindOperationAsync(key, cancellationToken);

    public Task<LatestIncident?> LatestAsync(TargetReference target, CancellationToken cancellationToken) =>
        ((IOpenIncidents)inner).LatestAsync(target, cancellationToken);

    public Task<IReadOnlyList<PastOperation>> HistoryAsync(
        string targetKey, string exceptIncident, DateTimeOffset since, CancellationToken cancellationToken) =>
        inner.HistoryAsync(targetKey, exceptIncident, since, cancellationToken);

    public Task<JoinResult> JoinAsync(
        JoinRequest request, TimeSpan joinWindow, DateTimeOffset now, Func<int, IncidentInput> open, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task RecordSignalAsync(UnroutedSignal signal, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<CloseResult> CloseAsync(CloseRequest request, DateTimeOffset now, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task RecordOutcomeAsync(IncidentOutcome outcome, CancellationToken cancellationToken) => throw new NotSupportedException();

    private void Die(string point)
    {
        if (point != at) return;
        if (die is null) throw new KilledException(point);
        die(point);
    }
}

/// <summary>A cluster client around whose first patch something happens. Everything else passes through.</summary>
internal sealed class PatchHook(IKubernetesClient inner, Func<Task>? before = null, Func<Task>? after = null) : IKubernetesClient
{
    public int Patches { get; private set; }

    public async Task<T> PatchAsync<T>(
        ResourceKind kind, string? ns, string name, Patch patch, WriteOptions? options = null,
            CancellationToken cancellationToken = default) where T : KubernetesObject
    {
        var first = Patches++ == 0;
        if (first && before is not null) await before();
        var result = await inner.PatchAsync<T>(kind, ns, name, patch, options, cancellationToken);
        if (first && after is not null) await after();
        return result;
    }

    public Task<T> GetAsync<T>(ResourceKind kind, string? ns, string name, CancellationToken cancellationToken = default) where T
        : KubernetesObject =>
        inner.GetAsync<T>(kind, ns, name, cancellationToken);

    public Task<T?> TryGetAsync<T>(ResourceKind kind, string? ns, string name, CancellationToken cancellationToken = default) where T
        : KubernetesObject =>
        inner.TryGetAsync<T>(kind, ns, name, cancellationToken);

    public Task<KubernetesList<T>> ListAsync<T>(
        ResourceKind kind, string? ns, ListOptions? options = null, CancellationToken cancellationToken = default)
        where T : KubernetesObject => inner.ListAsync<T>(kind, ns, options, cancellationToken);

    public IAsyncEnumerable<WatchEvent<T>> WatchAsync<T>(
        ResourceKind kind, string? ns, WatchOptions? options = null, CancellationToken cancellationToken = default)
        where T : KubernetesObject => inner.WatchAsync<T>(kind, ns, options, cancellationToken);

    public Task<T> CreateAsync<T>(ResourceKind kind, T body, WriteOptions? options = null, CancellationToken cancellationToken = default)
        where T : KubernetesObject => inner.CreateAsync(kind, body, options, cancellationToken);

    public Task<T> ReplaceAsync<T>(ResourceKind kind, T body, WriteOptions? options = null, CancellationToken cancellationToken = default)
        where T : KubernetesObject => inner.ReplaceAsync(kind, body, options, cancellationToken);

    public Task<T> ApplyAsync<T>(ResourceKind kind, T body, ApplyOptions options, CancellationToken cancellationToken = default)
        where T : KubernetesObject => inner.ApplyAsync(kind, body, options, cancellationToken);

    public Task<bool> DeleteAsync(
        ResourceKind kind, string? ns, string name, DeleteOptions? options = null, CancellationToken cancellationToken = default) =>
        inner.DeleteAsync(kind, ns, name, options, cancellationToken);

    public Task<Scale> GetScaleAsync(ResourceKind kind, string ns, string name, CancellationToken cancellationToken = default) =>
        inner.GetScaleAsync(kind, ns, name, cancellationToken);

    public Task<Scale> SetScaleAsync(
        ResourceKind kind, string ns, string name, int replicas, string? resourceVersion = null, WriteOptions? options = null,
            CancellationToken cancellationToken = default) =>
        inner.SetScaleAsync(kind, ns, name, replicas, resourceVersion, options, cancellationToken);

    public Task<PodLog> GetPodLogAsync(string ns, string pod, LogOptions? options = null, CancellationToken cancellationToken = default) =>
        inner.GetPodLogAsync(ns, pod, options, cancellationToken);

    public Task<ApiResource?> DiscoverAsync(ResourceKind kind, CancellationToken cancellationToken = default) =>
        inner.DiscoverAsync(kind, cancellationToken);

    public Task<ServerVersion> GetVersionAsync(CancellationToken cancellationToken = default) => inner.GetVersionAsync(cancellationToken);
}
