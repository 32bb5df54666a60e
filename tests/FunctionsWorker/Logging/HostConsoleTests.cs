using System.Text.Json.Nodes;
using Heal.FunctionsWorker.Tests.Support;
using Microsoft.Azure.Functions.Worker.Logging;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;

namespace Heal.FunctionsWorker.Tests.Logging;

public sealed class HostConsoleTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("function-console-").FullName;

    public static TheoryData<bool, bool, string?> Forms => new()
    {
        { false, false, null },
        { true, false, null },
        { false, true, null },
        { true, true, "yyyy-MM-dd " },
    };

    [Theory]
    [MemberData(nameof(Forms))]
    public void A_line_reads_as_the_frameworks_own_formatter_writes_it(bool singleLine, bool scopes, string? timestamp)
    {
        var options = new SimpleConsoleFormatterOptions
        {
            SingleLine = singleLine,
            IncludeScopes = scopes,
            TimestampFormat = timestamp,
            ColorBehavior = LoggerColorBehavior.Disabled,
        };
        var stream = new GatedStream();
        var scopeProvider = new LoggerExternalScopeProvider();
        var expected = new StringWriter { NewLine = "\n" };
        using ServiceProvider services = new ServiceCollection()
            .AddLogging(logging => logging.AddSimpleConsole(o => Copy(options, o)))
            .BuildServiceProvider();
        ConsoleFormatter framework = services.GetServices<ConsoleFormatter>().Single(static f => f.Name == ConsoleFormatterNames.Simple);
        using (HostConsole console = HostConsole.Make(new TextLine(options, TimeProvider.System), new(), TimeProvider.System, stream))
        {
            (console as ISupportExternalScope)?.SetScopeProvider(scopeProvider);
            ILogger logger = console.CreateLogger("Some.Category");
            using IDisposable outer = scopeProvider.Push("outer");
            using IDisposable inner = scopeProvider.Push(new InvocationScope("F", "1", "2"));
            foreach ((LogLevel level, string text, Exception? exception) in Entries())
            {
                logger.Log(level, 7, text, exception, static (state, _) => state);
                framework.Write(
                    new LogEntry<string>(level, "Some.Category", 7, text, exception, static (state, _) => state), scopeProvider, expected);
            }
        }

        Assert.Equal(expected.ToString(), stream.Text);
    }

    [Fact]
    public void An_entry_whose_exception_logs_while_it_is_written_leaves_both_lines_whole()
    {
        var stream = new GatedStream();
        using (HostConsole console = HostConsole.Make(new JsonLine(TimeProvider.System), new(), TimeProvider.System, stream))
        {
            ILogger logger = console.CreateLogger("Some.Category");
            logger.Log(LogLevel.Error, 7, "outer", new TalkingException(logger), static (state, _) => state);
        }

        string[] lines = stream.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["inner", "outer"], lines.Select(static l => (string)JsonNode.Parse(l)!["message"]!));
    }

    [Fact]
    public void A_JSON_line_has_the_ids_of_its_scopes()
    {
        var stream = new GatedStream();
        var scopes = new LoggerExternalScopeProvider();
        using (HostConsole console = HostConsole.Make(new JsonLine(TimeProvider.System), new(), TimeProvider.System, stream))
        {
            Assert.IsType<ISupportExternalScope>(console, exactMatch: false).SetScopeProvider(scopes);
            using IDisposable request = scopes.Push(new RequestScope("of the request"));
            using IDisposable invocation = scopes.Push(new InvocationScope("F", "1", "2"));
            console.CreateLogger("C").Log(LogLevel.Warning, 7, "a \"quoted\" ü", exception: null, static (state, _) => state);
        }

        JsonNode line = JsonNode.Parse(Assert.Single(stream.Lines))!;
        Assert.Equal(
            ("Warning", "C", 7, "a \"quoted\" ü", "F", "1", "2"),
            (
                (string)line["level"]!, (string)line["category"]!, (int)line["eventId"]!, (string)line["message"]!,
                (string)line["functionName"]!, (string)line["invocationId"]!, (string)line["correlationId"]!));
    }

    [Theory]
    [InlineData("", typeof(HostConsole))]
    [InlineData("Logging:Console:FormatterName=simple", typeof(HostConsole))]
    [InlineData("FUNCTIONS_LOG_FORMAT=json", typeof(HostConsole))]
    [InlineData("Logging:Console:FormatterName=systemd", typeof(ConsoleLoggerProvider))]
    [InlineData("Logging:Console:LogToStandardErrorThreshold=Error", typeof(ConsoleLoggerProvider))]
    public void A_program_that_wants_another_console_gets_the_frameworks(string setting, Type expected)
    {
        string[] parts = setting.Split('=');
        var settings = new Dictionary<string, string>(StringComparer.Ordinal) { [parts[0].Length > 0 ? parts[0] : "none"] = parts[^1] };
        // Colours would be the framework's too, and whether this process has a terminal is not the matter here.
        settings["Logging:Console:FormatterOptions:ColorBehavior"] = "Disabled";
        using IHost host = TestHost.Builder(_root, settings: settings).Build();
        ILoggerProvider console = Assert.Single(
            host.Services.GetServices<ILoggerProvider>(), static p => p is HostConsole or ConsoleLoggerProvider);
        Assert.IsType(expected, console, exactMatch: false);
    }

    [Fact]
    public void A_console_that_the_program_adds_once_more_writes_alone()
    {
        string[] arguments = PlainApp.Arguments(_root);
        using IHost host = new HostBuilder()
            .ConfigureHostConfiguration(config => config.AddCommandLine(arguments).AddInMemoryCollection(
                [new(HostDefaults.ContentRootKey, _root)]))
            .ConfigureFunctionsWorkerDefaults()
            .ConfigureLogging(static logging => logging.AddConsole())
            .Build();
        ILoggerProvider console = Assert.Single(
            host.Services.GetServices<ILoggerProvider>(), static p => p is HostConsole or ConsoleLoggerProvider);
        Assert.IsType<ConsoleLoggerProvider>(console);
    }

    [Fact]
    public void A_filter_for_the_frameworks_console_counts_for_this_one()
    {
        Microsoft.Azure.Functions.Worker.Builder.FunctionsApplicationBuilder builder = TestHost.Builder(_root);
        builder.Logging.AddFilter<ConsoleLoggerProvider>("Quiet", LogLevel.Critical);
        using IHost host = builder.Build();
        Assert.Contains(
            host.Services.GetRequiredService<IOptions<LoggerFilterOptions>>().Value.Rules,
            static rule => rule is { ProviderName: "Console", CategoryName: "Quiet", LogLevel: LogLevel.Critical });
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private static IEnumerable<(LogLevel Level, string Text, Exception? Exception)> Entries() =>
    [
        (LogLevel.Trace, "one", null),
        (LogLevel.Debug, "two\nlines", null),
        (LogLevel.Information, "", null),
        (LogLevel.Warning, "Grüße", new InvalidOperationException("what\nhappened")),
        (LogLevel.Error, "", new InvalidOperationException("alone")),
        (LogLevel.Critical, new string('x', 5_000), null),
    ];

    private static void Copy(SimpleConsoleFormatterOptions from, SimpleConsoleFormatterOptions to) =>
        (to.SingleLine, to.IncludeScopes, to.TimestampFormat, to.ColorBehavior) =
            (from.SingleLine, from.IncludeScopes, from.TimestampFormat, from.ColorBehavior);

    private sealed class TalkingException(ILogger logger) : Exception
    {
        public override string ToString()
        {
            logger.Log(LogLevel.Information, 1, "inner", exception: null, static (state, _) => state);
            return "talks";
        }
    }
}
