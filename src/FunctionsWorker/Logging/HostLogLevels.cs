using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace Microsoft.Azure.Functions.Worker.Logging;

/// <summary>
/// <c>logging.logLevel</c> of host.json as log filters, replaceable while the host runs. A category counts for all that begin with it:
/// <c>Function</c> and <c>Function.{name}</c> are what the host says about functions, <c>Host</c> is what it says about itself.
/// </summary>
internal sealed class HostLogLevels(IReadOnlyDictionary<string, string> levels)
    : IConfigureOptions<LoggerFilterOptions>, IOptionsChangeTokenSource<LoggerFilterOptions>, IDisposable
{
    private const string HostAlias = "Host";
    private const string HostCategory = "Microsoft.Azure.Functions.Worker";

    private IReadOnlyDictionary<string, string> _levels = levels;
    private CancellationTokenSource _changed = new();

    public string Name => Options.DefaultName;

    public IReadOnlyDictionary<string, string> Current => Volatile.Read(ref _levels);

    public void Replace(IReadOnlyDictionary<string, string> levels)
    {
        Volatile.Write(ref _levels, levels);
        // Not disposed: somebody may just be registering with it, and it holds nothing but memory.
        Interlocked.Exchange(ref _changed, new()).Cancel();
    }

    public void Configure(LoggerFilterOptions options)
    {
        foreach ((string category, string level) in Current)
        {
            LogLevel least = Enum.Parse<LogLevel>(level, ignoreCase: true);
            string? prefix = category == "default" ? null : category == HostAlias ? HostCategory : category;
            options.Rules.Add(new(providerName: null, prefix, least, filter: null));
        }

        // Logs whole request lines, and with them the keys that came in the query.
        options.Rules.Add(new(providerName: null, "Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.Warning, filter: null));
    }

    public void Dispose() => _changed.Dispose();

    public IChangeToken GetChangeToken() => new CancellationChangeToken(Volatile.Read(ref _changed).Token);
}
