using System.Net.Sockets;
using Npgsql;

namespace Heal.Postgres;

/// <summary>Tells failures that pass by themselves (a restart, a lost connection, a deadlock) from those that do not.</summary>
public static class PostgresErrors
{
    private const string IdleInTransactionSessionTimeout = "25P03";
    private const string NoHost = "No suitable host was found";

    /// <summary>
    /// True when the same work may succeed later. It does not say that the work was not stored: when a connection is lost during COMMIT,
    /// nobody knows; repeat only what is safe to repeat.
    /// </summary>
    public static bool IsTransient(Exception? exception) => exception switch
    {
        null => false,
        PostgresException postgres => postgres.IsTransient || IsShutdownOrConnectionLimit(postgres.SqlState),
        NpgsqlException { IsTransient: true } => true,
        // With several hosts, while none of them is a primary: the driver says so without a code or a cause.
        NpgsqlException { InnerException: null } npgsql when npgsql.Message.StartsWith(NoHost, StringComparison.Ordinal) => true,
        SocketException or IOException or TimeoutException => true,
        _ => IsTransient(exception.InnerException),
    };

    private static bool IsShutdownOrConnectionLimit(string sqlState) => sqlState
        is PostgresErrorCodes.AdminShutdown
        or PostgresErrorCodes.CrashShutdown
        or PostgresErrorCodes.CannotConnectNow
        or PostgresErrorCodes.IdleSessionTimeout
        or IdleInTransactionSessionTimeout
        or PostgresErrorCodes.TooManyConnections
        or PostgresErrorCodes.ReadOnlySqlTransaction;
}
