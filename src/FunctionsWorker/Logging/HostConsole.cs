using System.Buffers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;

namespace Microsoft.Azure.Functions.Worker.Logging;

/// <summary>
/// The console of a host whose output goes to a file, a pipe or a service manager: what the framework's console writes in the formats
/// <c>simple</c> and <c>json-lines</c>, in batches. On a terminal (colours), with another formatter, or with a part of the log on the error
/// stream, the framework's own console writes.
/// </summary>
[ProviderAlias("Console")]
internal class HostConsole : ILoggerProvider
{
    // What a line grew to is kept for the next one, but for giants.
    private const int KeptCapacity = 64 * 1024;

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _line;

    private readonly ILineFormat _format;
    private readonly LineWriter _writer;

    public HostConsole(ILineFormat format, LineWriter writer)
    {
        (_format, _writer) = (format, writer);
        // Whoever ends the process without ending the host wants to read its last words all the more.
        AppDomain.CurrentDomain.ProcessExit += End;
        AppDomain.CurrentDomain.UnhandledException += End;
    }

    protected IExternalScopeProvider? Scopes { get; set; }

    /// <summary>The console that fits the options.</summary>
    /// <param name="services">Where the program may have added the framework's console too, after this one: then that one writes.</param>
    public static ILoggerProvider Choose(IServiceProvider provider, IServiceCollection services)
    {
        if (services.Any(static s => s.ImplementationType == typeof(ConsoleLoggerProvider)))
        {
            return NullLoggerProvider.Instance;
        }

        ConsoleLoggerOptions options = provider.GetRequiredService<IOptions<ConsoleLoggerOptions>>().Value;
        return FormatOf(options, provider) is { } format
            ? Make(format, options, provider.GetRequiredService<TimeProvider>(), Console.OpenStandardOutput())
            : ActivatorUtilities.CreateInstance<ConsoleLoggerProvider>(provider);
    }

    public static HostConsole Make(ILineFormat format, ConsoleLoggerOptions options, TimeProvider time, Stream stream)
    {
        var writer = new LineWriter(
            stream,
            time,
            options.MaxQueueLength,
            drops: options.QueueFullMode == ConsoleLoggerQueueFullMode.DropWrite,
            count => OfDropped(format, count));
        return format.WantsScopes ? new WithScopes(format, writer) : new HostConsole(format, writer);
    }

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public void Dispose()
    {
        AppDomain.CurrentDomain.ProcessExit -= End;
        AppDomain.CurrentDomain.UnhandledException -= End;
        _writer.Dispose();
        GC.SuppressFinalize(this);
    }

    private static ILineFormat? FormatOf(ConsoleLoggerOptions options, IServiceProvider provider)
    {
        var time = provider.GetRequiredService<TimeProvider>();
#pragma warning disable CS0618 // An old setting that a program may still make.
        bool isOld = options.FormatterName is null && options.Format != ConsoleLoggerFormat.Default;
#pragma warning restore CS0618
        if (isOld || options.LogToStandardErrorThreshold != LogLevel.None)
        {
            return null;
        }

        if (options.FormatterName == JsonLineFormatter.FormatName)
        {
            return new JsonLine(time);
        }

        SimpleConsoleFormatterOptions simple = provider.GetRequiredService<IOptions<SimpleConsoleFormatterOptions>>().Value;
        bool hasColours = simple.ColorBehavior == LoggerColorBehavior.Enabled
            || (simple.ColorBehavior == LoggerColorBehavior.Default && !Console.IsOutputRedirected);
        return options.FormatterName is null or ConsoleFormatterNames.Simple && !hasColours ? new TextLine(simple, time) : null;
    }

    private static byte[] OfDropped(ILineFormat format, long count)
    {
        var line = new ArrayBufferWriter<byte>();
        string text = $"{count} log entries were dropped: more came than the console took (Logging:Console:MaxQueueLength)";
        format.Write(line, new(LogLevel.Warning, typeof(HostConsole).FullName!, 84, text, Exception: null), scopes: null);
        return line.WrittenSpan.ToArray();
    }

    private void End(object? sender, EventArgs e) => _writer.Dispose();

    private void Write(in LineEntry entry)
    {
        ArrayBufferWriter<byte> line = _line ?? new(512);
        // Taken away meanwhile: a scope that logs while it is written must not write into this line.
        _line = null;
        _format.Write(line, entry, Scopes);
        _writer.Write(line.WrittenSpan);
        line.ResetWrittenCount();
        _line = line.Capacity <= KeptCapacity ? line : null;
    }

    /// <summary>Only this one makes the framework keep scopes, which is work for each request.</summary>
    [ProviderAlias("Console")]
    private sealed class WithScopes(ILineFormat format, LineWriter writer) : HostConsole(format, writer), ISupportExternalScope
    {
        public void SetScopeProvider(IExternalScopeProvider scopeProvider) => Scopes = scopeProvider;
    }

    private sealed class Logger(HostConsole console, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel != LogLevel.None)
            {
                console.Write(new(logLevel, category, eventId.Id, formatter(state, exception) ?? "", exception));
            }
        }
    }
}
