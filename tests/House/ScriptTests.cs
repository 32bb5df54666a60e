namespace Heal.House.Tests;

/// <summary>The scripts are code: they parse, and shellcheck has nothing to say.</summary>
public sealed class ScriptTests
{
    private static readonly string[] ShellScripts = [.. Repository.Files.Where(IsShellScript)];

    [Fact]
    public void The_three_commands_are_among_the_scripts() => Assert.Equal(["./bench.sh", "./start.sh", "./test.sh"],
        ShellScripts.Where(file => !file.Contains('/', StringComparison.Ordinal)).Select(file => "./" + file));

    [Fact]
    public void Every_script_that_is_run_may_be_executed() => Findings.AssertNone(
        ShellScripts.Where(file => Repository.TextOf(file).StartsWith("#!", StringComparison.Ordinal))
            .Where(file => !Repository.MayBeExecuted(file)),
        "git update-index --chmod=+x FILE");

    [Fact]
    public void Every_shell_script_parses() => Findings.AssertNone(
        ShellScripts.Select(file => Repository.Run("bash", "-n", file)).Where(run => run.ExitCode != 0).Select(run => run.Output),
        "bash -n FILE says where.");

    [Fact]
    public void Shellcheck_has_nothing_to_say()
    {
        var (exitCode, output) = Repository.Run("shellcheck", ["--format=gcc", .. ShellScripts]);
        Assert.True(exitCode == 0, output);
    }

    [Fact]
    public void Every_Python_script_compiles()
    {
        string[] scripts = [.. Repository.FilesEndingWith(".py"), .. Repository.Files.Where(file => FirstLineHolds(file, "python3"))];
        var (exitCode, output) = Repository.Run(
            "python3", ["-c", "import sys; [compile(open(f, encoding='utf-8').read(), f, 'exec') for f in sys.argv[1:]]", .. scripts]);
        Assert.True(exitCode == 0, output);
    }

    private static bool IsShellScript(string file) => file.EndsWith(".sh", StringComparison.Ordinal) || FirstLineHolds(file, "bash");

    // only files without an extension are worth opening for their first line
    private static bool FirstLineHolds(string file, string interpreter)
    {
        if (Path.HasExtension(file))
        {
            return false;
        }

        using var reader = new StreamReader(Repository.PathOf(file));
        return reader.ReadLine() is ['#', '!', .. var command] && command.Contains(interpreter, StringComparison.Ordinal);
    }
}
