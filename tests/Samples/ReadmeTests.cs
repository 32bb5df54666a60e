using System.Text.RegularExpressions;

namespace Heal.Samples.Tests;

/// <summary>
/// The commands of samples/README.md, run as they stand there. What a test must not share with others (port, state, a build of what
/// other tests use at the time) comes by options that the script has, or by the environment.
/// </summary>
public sealed partial class ReadmeTests
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(5);

    private static readonly string Root = Path.GetFullPath(
        Path.Combine(Path.GetDirectoryName(SampleApp.AssemblyOf("FanOut"))!, "../../../../.."));

    [Theory]
    [InlineData("HelloSequence", "\"StatusQueryGetUri\":")]
    [InlineData("FanOut", "\"Completed\"")]
    [InlineData("Approval", "\"instanceId\":")]
    public async Task One_command_runs_a_sample_says_what_to_try_and_leaves_nothing_running(string sample, string answer)
    {
        string state = Directory.CreateTempSubdirectory("sample-").FullName;
        int port = AppProcess.FreePort();
        string command = Block(RunLine())[0].Replace("HelloSequence", sample, StringComparison.Ordinal);
        try
        {
            await using var terminal = new TerminalCommand($"{command} --port {port} --state {state}", Root, Surroundings());
            await UntilReadyAsync(terminal, port);

            // What it says to type first.
            string hint = terminal.Lines.Select(static l => l.Trim()).First(static l => l.StartsWith("curl ", StringComparison.Ordinal));
            Assert.Contains(answer, await TerminalCommand.RunAsync(hint, Root), StringComparison.Ordinal);

            await terminal.InterruptAsync();
            Assert.Contains("stopping postgres", terminal.Output, StringComparison.Ordinal);
            await TerminalCommand.RunAsync($"! eng/services.sh status --state {state}", Root);
        }
        finally
        {
            await TerminalCommand.RunAsync($"eng/services.sh down --state {state} --purge", Root);
            if (Directory.Exists(state))
            {
                Directory.Delete(state, recursive: true);
            }
        }
    }

    [Fact]
    public async Task A_sample_is_run_by_dotnet_run_on_a_database_of_ones_own()
    {
        await using AppDatabase database = await AppDatabase.CreateAsync();
        string state = Directory.CreateTempSubdirectory("sample-").FullName;
        int port = AppProcess.FreePort();
        Dictionary<string, string> surroundings = Surroundings();
        surroundings["ASPNETCORE_URLS"] = $"http://127.0.0.1:{port}";
        surroundings["HEAL_STATE"] = state;
        string command = Connection().Replace(string.Join('\n', Block(DotnetRunLine())), $"'{database.ConnectionString}'");
        Assert.Contains("dotnet run", command, StringComparison.Ordinal);

        await using var terminal = new TerminalCommand(command, Root, surroundings);
        await UntilReadyAsync(terminal, port);
        string started = await TerminalCommand.RunAsync($"curl -sf -X POST http://127.0.0.1:{port}/api/HelloCities_HttpStart", Root);
        Assert.Contains("StatusQueryGetUri", started, StringComparison.Ordinal);
        await terminal.InterruptAsync();
        Directory.Delete(state, recursive: true);
    }

    // What the apps refer to is built already, in this configuration, and used by others at the time.
    private static Dictionary<string, string> Surroundings() => new(StringComparer.Ordinal)
    {
        ["Configuration"] = AdoptedAppTests.MetadataOf("Configuration"),
        ["BuildProjectReferences"] = "false",
        ["UseSharedCompilation"] = "false",
        ["MSBUILDDISABLENODEREUSE"] = "1",
    };

    private static async Task UntilReadyAsync(TerminalCommand terminal, int port)
    {
        using var client = new HttpClient();
        using var limit = new CancellationTokenSource(StartLimit);
        while (!await IsReadyAsync(client, new Uri($"http://127.0.0.1:{port}/readyz")))
        {
            Assert.False(terminal.HasEnded || limit.IsCancellationRequested, $"The sample is not ready:\n{terminal.Output}");
            await Task.Delay(100, CancellationToken.None);
        }
    }

    private static async Task<bool> IsReadyAsync(HttpClient client, Uri address)
    {
        try
        {
            using HttpResponseMessage answer = await client.GetAsync(address);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    /// <summary>The block of commands that has the line.</summary>
    private static string[] Block(Regex line)
    {
        string text = File.ReadAllText(Path.Combine(Root, "samples/README.md"));
        return [.. Blocks().Matches(text).Select(static block => block.Groups["commands"].Value).Single(block => line.IsMatch(block))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)];
    }

    [GeneratedRegex("^```bash\n(?<commands>.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Blocks();

    [GeneratedRegex("^samples/run.sh HelloSequence$", RegexOptions.Multiline)]
    private static partial Regex RunLine();

    [GeneratedRegex("dotnet run$", RegexOptions.Multiline)]
    private static partial Regex DotnetRunLine();

    [GeneratedRegex("'Host=[^']*'")]
    private static partial Regex Connection();
}
