using Npgsql;

namespace Heal.Postgres;

/// <summary>PostgreSQL could not be used at start. The message names host, port, database and user, never the password, and says what to
/// do.</summary>
public sealed class PostgresUnavailableException : Exception
{
    public PostgresUnavailableException()
    {
    }

    public PostgresUnavailableException(string message)
        : base(message)
    {
    }

    public PostgresUnavailableException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    internal static PostgresUnavailableException For(string connectionString, TimeSpan waited, Exception cause)
    {
        var target = new NpgsqlConnectionStringBuilder(connectionString);
        var (what, advice) = cause switch
        {
            PostgresException { SqlState: PostgresErrorCodes.InvalidCatalogName } =>
                ("has no such database", "Create the database, or correct the database name in the connection string."),
            PostgresException { SqlState: PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification } =>
                ("refused the login", "Correct user name and password in the connection string, or the server's pg_hba.conf."),
            PostgresException { SqlState: PostgresErrorCodes.TooManyConnections } full => (
                $"has no free connection: {full.SqlState} {full.MessageText}",
                "Raise the server's max_connections, or lower 'Maximum Pool Size' in the connection strings of those who use it."),
            PostgresException postgres => ($"refused: {postgres.SqlState} {postgres.MessageText}", "Look into the server's log."),
            _ => (
                $"did not answer within {waited.TotalSeconds:0.#} s ({cause.Message})",
                "Start the server, or correct host and port in the connection string."),
        };
        return new PostgresUnavailableException(
            $"PostgreSQL at {target.Host}:{target.Port}, database '{target.Database}', user '{target.Username}' {what}. {advice}", cause);
    }
}
