using Microsoft.Azure.Functions.Worker.Invocation;
using Microsoft.Azure.Functions.Worker.Middleware;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.Azure.Functions.Worker;

/// <summary>What a program's configure callback gets: services, and the pipeline for middleware.</summary>
internal sealed class WorkerApplicationBuilder(IServiceCollection services, FunctionPipeline pipeline) : IFunctionsWorkerApplicationBuilder
{
    public IServiceCollection Services { get; } = services;

    public IFunctionsWorkerApplicationBuilder Use(Func<FunctionExecutionDelegate, FunctionExecutionDelegate> middleware)
    {
        pipeline.Use(middleware);
        return this;
    }
}
