using Heal.Healing;
using Heal.Postgres;
using Npgsql;

namespace Heal.Activities;

/// <summary>The healer's store on PostgreSQL, in a schema of its own.</summary>
internal sealed class HealStore(NpgsqlDataSource dataSource) : IHealStore, IOpenIncidents, IUnclosedIncidents, IAttachedSignals
{
    /// <summary>The schema's default name.</summary>
    public const string Schema = "heal";

    // Bounds on what one answer brings; what is beyond comes with the next.
    private const int MaxUnseen = 200;
    private const int MaxHistory = 100;
    private const int MaxAttached = 200;

    // The clock of whoever raises alerts, and this machine's.
    private static readonly TimeSpan ClocksDiffer = TimeSpan.FromSeconds(30);

    private static readonly SqlStatements Sql = SqlStatements.Of<HealStore>();

    public async Task<JoinResult> JoinAsync(
        JoinRequest request, TimeSpan joinWindow, DateTimeOffset now, Func<int, IncidentInput> open, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var (result, latest) = await FindAsync(connection, request, cancellationToken);
        if (result is null)
        {
            var verdict = JoinPolicy.Decide(request.Signal, latest?.Incident, joinWindow, request.Anew, now);
            result = await ApplyAsync(connection, request, latest, verdict, open, cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return result;
    }

    public async Task<LatestIncident?> LatestAsync(TargetReference target, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        return (await LatestAsync(connection, target.Key, cancellationToken))?.Incident;
    }

    public async Task<IReadOnlyList<UnclosedIncident>> PageAsync(string afterTarget, int limit, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(Sql["incidents_unclosed"], afterTarget, limit);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var incidents = new List<UnclosedIncident>();
        while (await reader.ReadAsync(cancellationToken))
        {
            var (input, fault) = StoreJson.TryRead<IncidentInput>(reader.GetString(2));
            incidents.Add(new UnclosedIncident(reader.GetString(0), reader.GetString(1), input, fault));
        }

        return incidents;
    }

    public async Task<bool> IsOpenAsync(string incidentId, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(Sql["incident_is_open"], incidentId);
        return await command.ExecuteScalarAsync(cancellationToken) is not null;
    }

    public async Task<IReadOnlyList<Signal>> OfIncidentAsync(string incidentId, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        return await FiringAsync(connection, incidentId, int.MaxValue, cancellationToken);
    }

    public async Task<UnhelpedIncident?> UnhelpedAsync(string incidentId, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        IncidentOutcome outcome;
        IncidentInput input;
        await using (var command = connection.CreateCommand(Sql["incident_unhelped"], incidentId))
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            if (!await reader.ReadAsync(cancellationToken)) return null;
            (outcome, input) = (StoreJson.Read<IncidentOutcome>(reader.GetString(0)), StoreJson.Read<IncidentInput>(reader.GetString(1)));
        }

        var signals = await FiringAsync(connection, incidentId, outcome.Signals, cancellationToken);
        return new UnhelpedIncident(outcome.Cause, input.Passed, signals);
    }

    public async Task RecordSignalAsync(UnroutedSignal signal, CancellationToken cancellationToken)
    {
        var (alert, source) = (signal.Signal.Alert, signal.Signal);
        await using var command = dataSource.CreateCommand(Sql["signal_record"],
            source.Id, signal.Kind.ToString(), signal.Reason, alert.Name, alert.Status.ToString(),
            alert.StartsAt.ToUniversalTime(), source.Source.ToString(), source.ReceivedAt.ToUniversalTime(), StoreJson.Write(source));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task<CloseResult> CloseAsync(CloseRequest request, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var outcome = request.Outcome;
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await ExecuteAsync(connection, "target_lock", [outcome.Target.Key], cancellationToken);

        var unseen = new List<SignalEvent>();
        var seen = request.SignalsSeen;
        await using (var command = connection.CreateCommand(Sql["signals_after"], outcome.IncidentId, request.SignalsSeen, MaxUnseen))
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                seen = reader.GetInt32(0);
                var startsAt = Time(reader, 4);
                unseen.Add(new SignalEvent(
                    reader.GetString(1), reader.GetString(2), Enum.Parse<AlertStatus>(reader.GetString(3)), startsAt)
                {
                    IsOfBefore = reader.GetBoolean(5) && startsAt < request.HealedSince - ClocksDiffer,
                });
            }
        }

        if (unseen.Count > 0) return new CloseResult(false, unseen, seen);
        object?[] arguments = [outcome.IncidentId, now.ToUniversalTime(), outcome.Kind.ToString(), outcome.Reason,
            StoreJson.Write(outcome)];
        await ExecuteAsync(connection, "incident_close", arguments, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return new CloseResult(true, [], seen);
    }

    public async Task<Operation?> FindOperationAsync(string key, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        return await FindOperationAsync(connection, key, cancellationToken);
    }

    public async Task<Operation> IntendAsync(Operation operation, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await ExecuteAsync(connection, "operation_intend", Arguments(operation), cancellationToken);
        return await FindOperationAsync(connection, operation.Key, cancellationToken) ?? throw Missing(operation.Key);
    }

    public async Task<Operation> IntendUnlessBusyAsync(
        Operation operation, DateTimeOffset busySince, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await ExecuteAsync(connection, "target_lock", [operation.TargetKey], cancellationToken);
        var row = await FindOperationAsync(connection, operation.Key, cancellationToken);
        if (row is null && await BusyAsync(connection, operation, busySince, cancellationToken) is { } busy)
        {
            row = await FindOperationAsync(connection, busy, cancellationToken);
        }

        if (row is null)
        {
            await ExecuteAsync(connection, "operation_intend", Arguments(operation), cancellationToken);
            row = await FindOperationAsync(connection, operation.Key, cancellationToken) ?? throw Missing(operation.Key);
        }

        await transaction.CommitAsync(cancellationToken);
        return row;
    }

    public async Task<string?> StandingOnAsync(Operation operation, string? mark, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(
            Sql["operation_standing_on"], mark ?? "", operation.TargetKey, operation.ActionId, operation.Key,
            operation.IntendedAt.ToUniversalTime());
        return (string?)await command.ExecuteScalarAsync(cancellationToken);
    }

    public async Task<Operation> FinishAsync(string key, OperationEnd end, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        var post = end.PostImage is null ? null : StoreJson.Write(end.PostImage);
        object?[] arguments = [key, StateName(end.State), post, end.Status.ToString(), end.Detail, now.ToUniversalTime()];
        await ExecuteAsync(connection, "operation_finish", arguments, cancellationToken);
        return await FindOperationAsync(connection, key, cancellationToken) ?? throw Missing(key);
    }

    public async Task<IReadOnlyList<PastOperation>> HistoryAsync(
        string targetKey, string exceptIncident, DateTimeOffset since, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(
            Sql["operations_of_target"], targetKey, exceptIncident, since.ToUniversalTime(), MaxHistory);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var history = new List<PastOperation>();
        while (await reader.ReadAsync(cancellationToken))
        {
            history.Add(new PastOperation(
                reader.GetString(0), reader.GetString(1), reader.GetString(2), Time(reader, 3), TextOrNull(reader, 4),
                    reader.GetBoolean(5)));
        }

        return history;
    }

    public async Task RecordOutcomeAsync(IncidentOutcome outcome, CancellationToken cancellationToken)
    {
        var action = outcome.Actions is [.., var last] ? last.ActionId : null;
        await using var command = dataSource.CreateCommand(Sql["outcome_record"],
            outcome.IncidentId, outcome.Target.Key, outcome.Cause, outcome.Confidence, action, outcome.Kind.ToString(),
                StoreJson.Write(outcome),
            (outcome.EndedAt - outcome.OpenedAt).TotalSeconds, outcome.EndedAt.ToUniversalTime());
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task<IReadOnlyList<Signal>> FiringAsync(
        NpgsqlConnection connection, string incidentId, int upTo, CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand(Sql["signals_firing"], incidentId, upTo, MaxAttached);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var signals = new List<Signal>();
        while (await reader.ReadAsync(cancellationToken)) signals.Add(StoreJson.Read<Signal>(reader.GetString(0)));
        return signals;
    }

    private static object?[] Arguments(Operation operation) =>
    [
        operation.Key, operation.IncidentId, operation.ActionId, operation.TargetKey, operation.Undoes,
        StoreJson.Write(operation.PreImage), operation.RemovedTemplateHash, operation.IntendedAt.ToUniversalTime(),
    ];

    private static async Task<string?> BusyAsync(
        NpgsqlConnection connection, Operation operation, DateTimeOffset busySince, CancellationToken cancellationToken)
    {
        object?[] arguments = [operation.TargetKey, operation.Key, busySince.ToUniversalTime()];
        await using var command = connection.CreateCommand(Sql["operation_busy"], arguments);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? reader.GetString(0) : null;
    }

    // Locks the target and asks what is known, on one way to the server: each statement of a batch sees what is committed when it begins,
    // and those after the lock begin when it is ours.
    private static async Task<(JoinResult? Known, (LatestIncident Incident, string Input)? Latest)> FindAsync(
        NpgsqlConnection connection, JoinRequest request, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection);
        batch.Add(Sql["target_lock"], request.Target.Key);
        batch.Add(Sql["signal_find"], request.Signal.Id);
        batch.Add(Sql["incident_latest"], request.Target.Key);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        var known = await KnownAsync(reader, request, cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        return (known, await LatestAsync(reader, cancellationToken));
    }

    // A signal that is attached already: the answer of a retry must be the answer of the first try.
    private static async Task<JoinResult?> KnownAsync(NpgsqlDataReader reader, JoinRequest request, CancellationToken cancellationToken)
    {
        if (!await reader.ReadAsync(cancellationToken) || TextOrNull(reader, 0) is not { } incident) return null;
        var opened = reader.GetString(1) == request.Signal.Id;
        OutcomeKind? closedAs = TextOrNull(reader, 4) is { } outcome ? Enum.Parse<OutcomeKind>(outcome) : null;
        if (closedAs is not null && request.Anew is not null) return null;
        var input = closedAs is null ? StoreJson.Read<IncidentInput>(reader.GetString(2)) : null;
        return new JoinResult(incident, opened, input, closedAs, reader.GetString(5));
    }

    private static async Task<(LatestIncident Incident, string Input)?> LatestAsync(
        NpgsqlConnection connection, string targetKey, CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand(Sql["incident_latest"], targetKey);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await LatestAsync(reader, cancellationToken);
    }

    private static async Task<(LatestIncident Incident, string Input)?> LatestAsync(
        NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        if (!await reader.ReadAsync(cancellationToken)) return null;
        OutcomeKind? outcome = TextOrNull(reader, 3) is { } text ? Enum.Parse<OutcomeKind>(text) : null;
        DateTimeOffset? closedAt = reader.IsDBNull(2) ? null : Time(reader, 2);
        return (new LatestIncident(reader.GetString(0), reader.GetInt32(1), closedAt, outcome), reader.GetString(4));
    }

    private static async Task<JoinResult> ApplyAsync(
        NpgsqlConnection connection,
        JoinRequest request,
        (LatestIncident Incident, string Input)? latest,
        JoinVerdict verdict,
        Func<int, IncidentInput> open,
        CancellationToken cancellationToken)
    {
        var (signal, target) = (request.Signal, request.Target);
        if (request.Through is { } through) verdict = verdict with { Reason = $"{verdict.Reason}; {through}" };
        if (verdict.Kind == JoinKind.Ignore) return new JoinResult(null, false, null, null, verdict.Reason);
        var opened = verdict.Kind == JoinKind.Open;
        IncidentInput? input = null;
        await using var batch = new NpgsqlBatch(connection);
        if (opened)
        {
            input = open((latest?.Incident.Episode ?? 0) + 1);
            batch.Add(
                Sql["incident_insert"],
                input.IncidentId, target.Key, target.Cluster, target.Kind, target.Namespace, target.Name, input.Episode, signal.Id,
                input.Workflow?.Name, StoreJson.Write(input), input.OpenedAt.ToUniversalTime());
        }
        else if (latest!.Value.Incident.ClosedAt is null)
        {
            input = StoreJson.Read<IncidentInput>(latest.Value.Input);
        }

        var id = opened ? input!.IncidentId : latest!.Value.Incident.Id;
        batch.Add(
            Sql["signal_insert"],
            signal.Id, id, (opened ? RouteKind.Started : RouteKind.Joined).ToString(), verdict.Reason, signal.Alert.Name,
            signal.Alert.Status.ToString(), signal.Alert.StartsAt.ToUniversalTime(), signal.Source.ToString(),
            signal.ReceivedAt.ToUniversalTime(), StoreJson.Write(signal));
        await batch.ExecuteNonQueryAsync(cancellationToken);
        return new JoinResult(id, opened, input, opened ? null : latest!.Value.Incident.Outcome, verdict.Reason);
    }

    private static async Task<Operation?> FindOperationAsync(NpgsqlConnection connection, string key, CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand(Sql["operation_find"], key);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken)) return null;
        return new Operation(
            reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), TextOrNull(reader, 4),
            Enum.Parse<OperationState>(reader.GetString(5), ignoreCase: true),
            StoreJson.Read<System.Text.Json.Nodes.JsonObject>(reader.GetString(6)),
            TextOrNull(reader, 7) is { } post ? StoreJson.Read<System.Text.Json.Nodes.JsonObject>(post) : null,
            TextOrNull(reader, 11),
            TextOrNull(reader, 8) is { } status ? Enum.Parse<ActionStatus>(status) : null,
            TextOrNull(reader, 9),
            Time(reader, 10));
    }

    private static async Task ExecuteAsync(
        NpgsqlConnection connection, string statement, object?[] arguments, CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand(Sql[statement], arguments);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static InvalidOperationException Missing(string key) =>
        new($"Operation '{key}' is not in the ledger: expected the row that was just written.");

    private static string StateName(OperationState state) => state switch
    {
        OperationState.Confirmed => "confirmed",
        OperationState.Abandoned => "abandoned",
        _ => "intended",
    };

    private static string? TextOrNull(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);

    private static DateTimeOffset Time(NpgsqlDataReader reader, int column) => reader.GetFieldValue<DateTimeOffset>(column);
}
