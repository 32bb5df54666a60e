using Heal.FunctionsWorker.Tests.Support;

namespace Heal.FunctionsWorker.Tests;

/// <summary>A real process whose host.json, or another file that it watches, changes.</summary>
public sealed class ProcessRestartTests
{
    private const int ExitCode = 75;

    private const string OtherPrefix = """{ "extensions": { "http": { "routePrefix": "v2" } } }""";

    [Fact]
    public async Task What_runs_may_end_and_the_process_ends_with_a_code_that_asks_for_another_one()
    {
        await using SampleProcess process = await StartAsync();
        using var client = new HttpClient { BaseAddress = process.Address };
        Task<string> running = client.GetStringAsync(new Uri("/api/wait/00:00:03", UriKind.Relative));
        await process.UntilPrintedAsync("waits 00:00:03");

        process.Write("host.json", OtherPrefix);

        await process.UntilPrintedAsync("host.json has changed ($.extensions.http.routePrefix): this host stops");
        Assert.Equal("done", await running);
        Assert.Equal(ExitCode, await process.ExitCodeAsync());
    }

    [Theory]
    [InlineData("""{ "functionTimeout": "soon" }""", "at $.functionTimeout: is \"soon\", expected a time")]
    [InlineData("""{ "functionTimeout": """, "is not JSON")]
    [InlineData(
        """{ "extensions": { "durableTask": { "storageProvider": { "connectionStringName": "NOT_SET" } } } }""",
        "names setting 'NOT_SET', which is not set")]
    [InlineData("""{ "logging": { "logLevel": { "Function": "Debug" } } }""", "log levels are now Function=Debug")]
    public async Task A_host_that_would_not_start_takes_nobodys_place_and_log_levels_need_none(string changed, string said)
    {
        await using SampleProcess process = await StartAsync();
        using var client = new HttpClient { BaseAddress = process.Address };

        process.Write("host.json", changed);

        await process.UntilPrintedAsync(said);
        Assert.Equal("done", await client.GetStringAsync(new Uri("/api/wait/00:00:00", UriKind.Relative)));
        process.Write("host.json", OtherPrefix);
        Assert.Equal(ExitCode, await process.ExitCodeAsync());
    }

    [Theory]
    [InlineData("flag.txt")]
    [InlineData("some/where/flag.txt")]
    [InlineData("shared/any.name")]
    public async Task Files_and_folders_that_host_json_names_are_watched_too(string file)
    {
        await using SampleProcess process = await StartAsync("""{ "watchFiles": ["flag.txt"], "watchDirectories": ["shared"] }""");
        process.Write("other.txt", "none of its business");
        // A folder that is new with its file is watched from a moment on that nobody knows.
        await Azurite.UntilAsync(
            () =>
            {
                process.Write(file, "changed");
                return Task.FromResult(process.Lines.Any(static l => l.Contains("A watched file has changed", StringComparison.Ordinal)));
            },
            "the change is seen");
        Assert.Equal(ExitCode, await process.ExitCodeAsync());
    }

    // Nothing listens there: the host serves what needs no database.
    private static Task<SampleProcess> StartAsync(string hostJson = "{}") => SampleProcess.StartAsync(
        new(StringComparer.Ordinal)
        {
            ["FUNCTIONS_RESTART_ON_CHANGE"] = "exit",
            [TestHost.DefaultConnection] = "Host=127.0.0.1;Port=1;Username=nobody;Database=nothing",
        },
        hostJson);
}
