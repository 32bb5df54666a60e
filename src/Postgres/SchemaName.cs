using System.Text.RegularExpressions;

namespace Heal.Postgres;

/// <summary>
/// What we accept as the name of a schema: lower-case letters, digits and underscores, starting with a letter or underscore, at most 48
/// characters. Such a name needs no quoting anywhere and leaves room for suffixes (PostgreSQL cuts names at 63 bytes).
/// </summary>
public static partial class SchemaName
{
    /// <summary>The most characters of a schema name.</summary>
    public const int MaxLength = 48;

    /// <summary>True when the name can be used.</summary>
    public static bool IsValid(string? name) =>
        name is not null && name.Length <= MaxLength && Pattern().IsMatch(name) && !name.StartsWith("pg_", StringComparison.Ordinal);

    /// <summary>Returns the name, or throws.</summary>
    /// <exception cref="ArgumentException">The name is not usable.</exception>
    public static string Validate(string? name) =>
        IsValid(name)
            ? name!
            : throw new ArgumentException(
                $"Schema name '{name}' is not usable. Expected 1 to {MaxLength} lower-case letters, digits or underscores, "
                + "not starting with a digit or with 'pg_', for example 'heal'.",
                nameof(name));

    [GeneratedRegex("^[a-z_][a-z0-9_]*$", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Pattern();
}
