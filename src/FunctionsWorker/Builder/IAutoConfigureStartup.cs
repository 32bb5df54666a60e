using Microsoft.Extensions.Hosting;

namespace Microsoft.Azure.Functions.Worker;

/// <summary>A class of the program, with a constructor without parameters, that takes part in building the host: for generated
/// code.</summary>
public interface IAutoConfigureStartup
{
    void Configure(IHostBuilder hostBuilder);
}
