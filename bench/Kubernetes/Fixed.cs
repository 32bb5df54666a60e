using Heal.Activities;
using Heal.Healing;
using Microsoft.Extensions.Options;

namespace Heal.Bench.Kubernetes;

/// <summary>Options that never change.</summary>
internal sealed class Fixed<T>(T value) : IOptionsMonitor<T>
{
    public T CurrentValue => value;

    public T Get(string? name) => value;

    public IDisposable? OnChange(Action<T, string?> listener) => null;
}

/// <summary>A store of a healer that has never healed: evidence asks it for nothing but earlier operations.</summary>
internal sealed class NoHistory : IHealStore
{
    public Task<IReadOnlyList<PastOperation>> HistoryAsync(
        string targetKey, string exceptIncident, DateTimeOffset since, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<PastOperation>>([]);

    public Task<JoinResult> JoinAsync(
        JoinRequest request, TimeSpan joinWindow, DateTimeOffset now, Func<int, IncidentInput> open, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task RecordSignalAsync(UnroutedSignal signal, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<CloseResult> CloseAsync(CloseRequest request, DateTimeOffset now, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<Operation?> FindOperationAsync(string key, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<Operation> IntendAsync(Operation operation, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<Operation> IntendUnlessBusyAsync(
        Operation operation, DateTimeOffset busySince, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<string?> StandingOnAsync(Operation operation, string? mark, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<Operation> FinishAsync(string key, OperationEnd end, DateTimeOffset now, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task RecordOutcomeAsync(IncidentOutcome outcome, CancellationToken cancellationToken) => throw new NotSupportedException();

}
