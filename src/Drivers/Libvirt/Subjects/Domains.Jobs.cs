using Heal.Drivers.Libvirt.Native;

namespace Heal.Drivers.Libvirt.Subjects;

/// <summary>Migration, jobs and the guest's agent.</summary>
internal sealed partial class Domains
{
    private static readonly string[] Operations =
    [
        "unknown", "start", "save", "restore", "migration-in", "migration-out", "snapshot", "snapshot-revert", "dump", "backup",
        "snapshot-delete",
    ];

    /// <summary>Between two attempts to abort a migration.</summary>
    private static readonly TimeSpan AbortPause = TimeSpan.FromMilliseconds(500);

    /// <summary>What the agent's own timeout leaves for the way there and back.</summary>
    private static readonly TimeSpan AgentMargin = TimeSpan.FromSeconds(5);

    public async Task MigrateAsync(Guid uuid, MigrationRequest request, CancellationToken cancellationToken = default)
    {
        if (request.Destination is not LibvirtHost destination || ReferenceEquals(destination, host))
            throw new LibvirtException(
                host.Name, 0, 0, $"the destination is '{request.Destination.Name}', expected another configured host of this process");
        if (request.MigrateUri is null && destination.Options.MigrationUri is { Length: > 0 } way)
            request = request with { MigrateUri = way };
        if (request.MigrateUri is not null)
            Arguments.Name(host.Name, "migration URI", request.MigrateUri);
        var target = await destination.ConnectAsync(cancellationToken);
        var moving = host.MigrateAsync(
            source => Migrate(source, target, uuid, request), request.Timeout + (2 * host.Options.CallTimeout));
        using var limit = new CancellationTokenSource(request.Timeout, host.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await moving.WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (either.IsCancellationRequested)
        {
            await AbortAsync(uuid, moving, request);
            cancellationToken.ThrowIfCancellationRequested();
            throw new LibvirtException(
                host.Name, ErrorCode.OperationAborted, 0,
                $"the migration to '{destination.Name}' took longer than {request.Timeout.TotalSeconds:0.#} s and was aborted: "
                + "the domain stays");
        }
    }

    public Task<DomainJob?> GetJobAsync(Guid uuid, CancellationToken cancellationToken = default) =>
        On("virDomainGetJobStats", uuid, ReadJob, cancellationToken);

    public Task AbortJobAsync(Guid uuid, CancellationToken cancellationToken = default) =>
        On("virDomainAbortJob", uuid, domain => LibvirtApi.virDomainAbortJob(domain), cancellationToken);

    public Task<string?> AskAgentAsync(Guid uuid, string command, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        Arguments.Command(host.Name, command);
        var seconds = (int)Math.Clamp(Math.Ceiling(timeout.TotalSeconds), 1, int.MaxValue);
        return On(
            "virDomainQemuAgentCommand", uuid,
            domain =>
            {
                var answer = LibvirtApi.virDomainQemuAgentCommand(domain, command, seconds, 0);
                if (answer != 0)
                    return NativeText.Take(answer, NativeText.MaxDocumentBytes);
                var fault = NativeFault.Last();
                // no agent's channel, nobody at its other end, or somebody who does not answer in time
                return fault.Code is ErrorCode.AgentUnresponsive or ErrorCode.AgentUnsynced or ErrorCode.ArgumentUnsupported
                    ? null
                    : throw fault;
            },
            cancellationToken, timeout + AgentMargin);
    }

    /// <summary>Returns when the migration has ended by it; throws when it ended otherwise.</summary>
    private async Task AbortAsync(Guid uuid, Task moving, MigrationRequest request)
    {
        var began = host.Time.GetTimestamp();
        while (!moving.IsCompleted && host.Time.GetElapsedTime(began) < host.Options.CallTimeout)
        {
            try
            {
                await AbortJobAsync(uuid, CancellationToken.None);
                await moving.WaitAsync(AbortPause, host.Time);
            }
            catch (LibvirtException) when (!moving.IsCompleted)
            {
                // while the target is being prepared there is no job yet that can be aborted
                await Task.WhenAny(moving, Task.Delay(AbortPause, host.Time));
            }
            catch (Exception reason) when (reason is TimeoutException or LibvirtException)
            {
                // asked again, or at its end: which one is looked at below
            }
        }

        if (!moving.IsCompleted)
            throw new LibvirtTimeoutException(host.Name, "virDomainMigrate3", request.Timeout + host.Options.CallTimeout);
        try
        {
            await moving;
        }
        catch (LibvirtException reason) when (reason.Code == ErrorCode.OperationAborted)
        {
            return;
        }

        throw new LibvirtException(
            host.Name, 0, 0, $"the migration was to be aborted, but had come to its end: the domain is on '{request.Destination.Name}'");
    }

    private static unsafe int Migrate(ConnectHandle source, ConnectHandle target, Guid uuid, MigrationRequest request)
    {
        const uint live = 1, keepOnTarget = 8, undefineSource = 16, isUnsafe = 512, offline = 1024, abortOnError = 4096;
        using var domain = Lookup(source, uuid);
        var flags = request.Live ? live | abortOnError : offline;
        // what is not defined here is not to be defined there
        if (NativeFault.Check(LibvirtApi.virDomainIsPersistent(domain)) != 0)
            flags |= keepOnTarget | (request.UndefineSource ? undefineSource : 0);
        if (request.Unsafe)
            flags |= isUnsafe;
        var parameters = request.MigrateUri is null ? null : TypedParameters.Text("migrate_uri", request.MigrateUri);
        try
        {
            using var moved = NativeFault.Check(
                LibvirtApi.virDomainMigrate3(domain, target, parameters, parameters is null ? 0u : 1u, flags));
            return 0;
        }
        finally
        {
            TypedParameters.Free(parameters);
        }
    }

    private static unsafe DomainJob? ReadJob(DomainHandle domain)
    {
        var type = 0;
        NativeParameter* parameters = null;
        var count = 0;
        if (LibvirtApi.virDomainGetJobStats(domain, &type, &parameters, &count, 0) < 0)
        {
            var fault = NativeFault.Last();
            // a domain that does not run has no job
            return fault.Code == ErrorCode.OperationInvalid ? null : throw fault;
        }

        try
        {
            if (type == 0)
                return null;
            var values = TypedParameters.Read(parameters, count);
            var operation = Whole(values, "operation") ?? 0;
            return new DomainJob(
                operation >= 0 && operation < Operations.Length ? Operations[operation] : $"unknown-{operation}",
                TimeSpan.FromMilliseconds(Whole(values, "time_elapsed") ?? 0),
                Whole(values, "time_remaining") is { } remaining ? TimeSpan.FromMilliseconds(remaining) : null,
                Whole(values, "data_total"), Whole(values, "data_processed"), Whole(values, "data_remaining"));
        }
        finally
        {
            LibvirtApi.virTypedParamsFree(parameters, count);
        }
    }

    private static long? Whole(Dictionary<string, object> values, string name) => values.GetValueOrDefault(name) as long?;
}
