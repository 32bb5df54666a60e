namespace Heal.Postgres;

/// <summary>The database and the code do not fit each other, or a migration failed. The database is as it was before the failed
/// step.</summary>
public sealed class MigrationException : Exception
{
    public MigrationException()
    {
    }

    public MigrationException(string message)
        : base(message)
    {
    }

    public MigrationException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
