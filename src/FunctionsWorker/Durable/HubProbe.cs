using DurableTask.Core.Hub;
using Microsoft.Azure.Functions.Worker.Health;
using Microsoft.Extensions.DependencyInjection;
using OptionsNames = Microsoft.Extensions.Options.Options;

namespace Microsoft.Azure.Functions.Worker;

/// <summary>Asks the task hub for an instance that nobody has; an answer, any answer, means that the hub is there.</summary>
internal sealed class HubProbe(IServiceProvider services) : IDependencyProbe
{
    private readonly ITaskHub? _hub = services.GetKeyedService<ITaskHub>(OptionsNames.DefaultName);

    public string Dependency => "task hub";

    public async Task CheckAsync(CancellationToken cancellationToken)
    {
        if (_hub is not null)
        {
            await _hub.GetInstanceAsync("readiness-probe", withPayloads: false, cancellationToken);
        }
    }
}
