using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Heal.Postgres;

/// <summary>One numbered step of a schema: <c>Migrations/NNN_name.sql</c> and its way back, <c>NNN_name.down.sql</c>.</summary>
/// <param name="Version">1 for the first, without gaps.</param>
/// <param name="Name">The file name without number and extension.</param>
/// <param name="Up">SQL that leads from version - 1 to version.</param>
/// <param name="Down">SQL that leads back.</param>
public sealed partial record Migration(int Version, string Name, string Up, string Down)
{
    private const string DownSuffix = ".down";

    /// <summary>
    /// The oldest program that can go on with a schema after this step, by the version that it knows: said by the text's first line
    /// <c>-- Programs from version N on can go on.</c> A step that does not say so needs a program that knows it.
    /// </summary>
    public int OldestProgram =>
        Compatibility().Match(Up) is { Success: true } said ? int.Parse(said.Groups["from"].Value, CultureInfo.InvariantCulture) : Version;

    /// <summary>SHA-256 of <see cref="Up"/>, in lower-case hexadecimal digits.</summary>
    public string Checksum => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Up)));

    /// <summary>Reads the migrations that are embedded in the assembly of <typeparamref name="T"/>.</summary>
    /// <inheritdoc cref="FromResources(Assembly, string)"/>
    public static IReadOnlyList<Migration> FromResources<T>(string folder = "Migrations") => FromResources(typeof(T).Assembly, folder);

    /// <summary>Reads the migrations that are embedded in an assembly.</summary>
    /// <param name="folder">The project folder that holds the files; default "Migrations".</param>
    /// <exception cref="InvalidOperationException">A file is misnamed, a number is missing or double, or a way back is missing.</exception>
    public static IReadOnlyList<Migration> FromResources(Assembly assembly, string folder = "Migrations")
    {
        var texts = SqlResources.Read(assembly, folder);
        var migrations = texts.Keys
            .Where(name => !name.EndsWith(DownSuffix, StringComparison.Ordinal))
            .Select(name => Parse(name, texts))
            .OrderBy(migration => migration.Version)
            .ToArray();

        for (var i = 0; i < migrations.Length; i++)
        {
            if (migrations[i].Version != i + 1)
            {
                throw new InvalidOperationException(
                    $"Migration {migrations[i].Version:000}_{migrations[i].Name} in {assembly.GetName().Name}/{folder}: "
                    + $"expected number {i + 1:000}. "
                    + "Migrations are numbered from 001 without gaps and without doubles.");
            }
        }

        return migrations;
    }

    [GeneratedRegex(
        @"\A-- Programs from version (?<from>\d{1,6}) on can go on\.", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Compatibility();

    private static Migration Parse(string file, Dictionary<string, string> texts)
    {
        var underscore = file.IndexOf('_', StringComparison.Ordinal);
        if (underscore < 1 || !int.TryParse(file.AsSpan(0, underscore), NumberStyles.None, CultureInfo.InvariantCulture, out var version))
        {
            throw new InvalidOperationException(
                $"Migration file '{file}.sql' is misnamed. Expected NNN_name.sql, for example 001_create_tables.sql.");
        }

        return texts.TryGetValue(file + DownSuffix, out var down)
            ? new Migration(version, file[(underscore + 1)..], texts[file], down)
            : throw new InvalidOperationException(
                $"Migration '{file}.sql' has no way back. Expected a file '{file}{DownSuffix}.sql' beside it.");
    }
}
