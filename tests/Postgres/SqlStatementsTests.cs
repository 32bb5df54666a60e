namespace Heal.Postgres.Tests;

public sealed class SqlStatementsTests
{
    private static readonly SqlStatements Sql = SqlStatements.Of<SqlStatementsTests>();

    [Fact]
    public void A_statement_is_found_by_its_file_name() =>
        Assert.StartsWith("SELECT count(*)", Sql["count_things"], StringComparison.Ordinal);

    [Fact]
    public void An_unknown_statement_names_those_that_exist()
    {
        var error = Assert.Throws<KeyNotFoundException>(() => Sql["count_thing"]);
        Assert.Contains("Embedded are: count_things", error.Message);
    }
}
