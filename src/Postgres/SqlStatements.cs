using System.Collections.Frozen;
using System.Reflection;

namespace Heal.Postgres;

/// <summary>
/// The SQL statements of an assembly: one per embedded file <c>Statements/name.sql</c>, read once, looked up by file name without ".sql".
/// The .sql files are embedded by the project file: <c>&lt;EmbeddedResource Include="Statements/*.sql" /&gt;</c>.
/// </summary>
public sealed class SqlStatements
{
    private readonly FrozenDictionary<string, string> _statements;
    private readonly string _source;

    private SqlStatements(IReadOnlyDictionary<string, string> statements, string source)
    {
        _statements = statements.ToFrozenDictionary(StringComparer.Ordinal);
        _source = source;
    }

    /// <summary>The text of a statement.</summary>
    /// <exception cref="KeyNotFoundException">There is no such file.</exception>
    public string this[string name] =>
        _statements.TryGetValue(name, out var text)
            ? text
            : throw new KeyNotFoundException(
                $"SQL statement '{name}' is not embedded in {_source}. Embedded are: {string.Join(", ", _statements.Keys.Order())}.");

    /// <summary>The names of all statements.</summary>
    public IEnumerable<string> Names => _statements.Keys;

    /// <summary>Reads the statements of the assembly of <typeparamref name="T"/>. Keep the result in a static field.</summary>
    /// <param name="folder">The project folder that holds the files; default "Statements".</param>
    public static SqlStatements Of<T>(string folder = "Statements") => Of(typeof(T).Assembly, folder);

    /// <inheritdoc cref="Of{T}(string)"/>
    public static SqlStatements Of(Assembly assembly, string folder = "Statements") =>
        new(SqlResources.Read(assembly, folder), $"{assembly.GetName().Name}/{folder}");
}
