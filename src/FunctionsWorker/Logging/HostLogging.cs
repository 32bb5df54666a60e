using Microsoft.Azure.Functions.Worker.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;

namespace Microsoft.Azure.Functions.Worker.Logging;

/// <summary>Sets up what is logged, and in which form it goes to the console.</summary>
internal static class HostLogging
{
    public static void Add(ILoggingBuilder logging, HostSettings settings)
    {
        var levels = new HostLogLevels(settings.LogLevels);
        logging.Services.AddSingleton(levels);
        logging.Services.AddSingleton<IConfigureOptions<LoggerFilterOptions>>(levels);
        logging.Services.AddSingleton<IOptionsChangeTokenSource<LoggerFilterOptions>>(levels);
        IServiceCollection services = logging.Services;
        ServiceDescriptor[] consoles = [.. services.Where(static s => s.ImplementationType == typeof(ConsoleLoggerProvider))];
        Array.ForEach(consoles, console => services.Remove(console));
        if (!settings.Console.IsEnabled)
        {
            return;
        }

        if (consoles.Length > 0)
        {
            services.AddSingleton<ILoggerProvider>(provider => HostConsole.Choose(provider, services));
            services.PostConfigure<LoggerFilterOptions>(RenameConsole);
        }

        if (settings.Console.DisableColors)
        {
            logging.Services.Configure<SimpleConsoleFormatterOptions>(static o => o.ColorBehavior = LoggerColorBehavior.Disabled);
        }

        if (settings.Console.Format == LogFormat.Json)
        {
            logging.Services.TryAddEnumerable(ServiceDescriptor.Singleton<ConsoleFormatter, JsonLineFormatter>());
            logging.Services.Configure<ConsoleLoggerOptions>(static o => o.FormatterName = JsonLineFormatter.FormatName);
        }
    }

    /// <summary>A filter for the framework's console by its type is meant for whatever console there is: both have this alias.</summary>
    private static void RenameConsole(LoggerFilterOptions options)
    {
        for (int i = 0; i < options.Rules.Count; i++)
        {
            LoggerFilterRule rule = options.Rules[i];
            if (rule.ProviderName == typeof(ConsoleLoggerProvider).FullName)
            {
                options.Rules[i] = new("Console", rule.CategoryName, rule.LogLevel, rule.Filter);
            }
        }
    }
}
