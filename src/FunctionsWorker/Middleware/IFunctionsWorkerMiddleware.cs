namespace Microsoft.Azure.Functions.Worker.Middleware;

/// <summary>The rest of the pipeline, the function at its end.</summary>
public delegate Task FunctionExecutionDelegate(FunctionContext context);

/// <summary>
/// Stands around every invocation but orchestrators, in the order of registration. One instance serves all invocations at the same time:
/// what belongs to one is in its context; scoped services come from <see cref="FunctionContext.InstanceServices"/>.
/// </summary>
public interface IFunctionsWorkerMiddleware
{
    Task Invoke(FunctionContext context, FunctionExecutionDelegate next);
}
