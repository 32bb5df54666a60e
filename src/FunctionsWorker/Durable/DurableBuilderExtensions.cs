using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Worker;

namespace Microsoft.Azure.Functions.Worker;

public static class FunctionsWorkerApplicationBuilderExtensions
{
    /// <summary>Turns durable functions on. Needless when the application declares any, as the host then does it itself.</summary>
    public static IFunctionsWorkerApplicationBuilder ConfigureDurableExtension(this IFunctionsWorkerApplicationBuilder builder)
    {
        builder.Services.AddDurableTaskClient();
        builder.Services.AddDurableTaskWorker();
        return builder;
    }

    /// <summary>The worker of the host's hub, to add class-based orchestrators and activities with AddTasks.</summary>
    public static IDurableTaskWorkerBuilder ConfigureDurableWorker(this IFunctionsWorkerApplicationBuilder builder) =>
        builder.ConfigureDurableExtension().Services.AddDurableTaskWorker();
}
