namespace Microsoft.Azure.Functions.Worker;

/// <summary>A fault of the function host that is not the function's own.</summary>
public class FunctionWorkerException : Exception
{
    public FunctionWorkerException(string? message)
        : base(message)
    {
    }

    public FunctionWorkerException(string? message, Exception? innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>A parameter could not be filled; the message names function, parameter, what was expected and what came.</summary>
public class FunctionInputConverterException : FunctionWorkerException
{
    public FunctionInputConverterException(string? message)
        : base(message)
    {
    }

    public FunctionInputConverterException(string? message, Exception? innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>The caller sent what the parameter cannot take: his fault, so an HTTP trigger answers 400.</summary>
internal sealed class CallerInputException(string message, Exception? innerException)
    : FunctionInputConverterException(message, innerException);
