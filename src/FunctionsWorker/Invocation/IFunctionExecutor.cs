namespace Microsoft.Azure.Functions.Worker.Invocation;

/// <summary>
/// The end of the middleware: binds the parameters, calls the function, and sets the invocation's result. Replace it by registering
/// another.
/// </summary>
public interface IFunctionExecutor
{
    ValueTask ExecuteAsync(FunctionContext context);
}
