using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Microsoft.DurableTask.Testing;

/// <summary>Options of a test host.</summary>
public class DurableTaskTestHostOptions
{
    /// <summary>
    /// Without effect: worker, client and store share the process, so no port is opened. Kept so that code which sets it compiles.
    /// </summary>
    public int? Port { get; set; }

    /// <summary>Where the host logs to; null, the default, for nowhere. It stays its owner's: the host does not dispose it.</summary>
    public ILoggerFactory? LoggerFactory { get; set; }

    /// <summary>
    /// Adds services that activities and entities need. A <see cref="TimeProvider"/> among them becomes the clock of timers and scheduled
    /// starts.
    /// </summary>
    public Action<IServiceCollection>? ConfigureServices { get; set; }
}
