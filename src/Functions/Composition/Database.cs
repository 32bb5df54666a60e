using Microsoft.Extensions.Configuration;

namespace Heal.Functions.Composition;

/// <summary>Where the healer keeps its records: setting <c>HEAL_POSTGRES</c>, the same database as the bundled host's task hub.</summary>
internal static class Database
{
    private const string Setting = "HEAL_POSTGRES";

    /// <exception cref="SettingException">The setting is missing.</exception>
    public static string ConnectionString(IConfiguration configuration) =>
        configuration[Setting] is { Length: > 0 } connection
            ? connection
            : throw new SettingException(
                $"Setting '{Setting}' is missing: expected an Npgsql connection string such as "
                + "'Host=127.0.0.1;Port=5432;Database=heal;Username=heal;Password=...'. Put it into the environment or into "
                + "local.settings.json (see local.settings.sample.json), or run ./start.sh, which starts a private PostgreSQL.");
}
