namespace Microsoft.DurableTask.Worker;

/// <summary>Hands an application's provider to the engine, which knows only the interface of DurableTask.Core.</summary>
/// <param name="inner">The application's provider.</param>
public sealed class ExceptionPropertiesProviderAdapter(IExceptionPropertiesProvider inner)
    : global::DurableTask.Core.IExceptionPropertiesProvider
{
    private readonly IExceptionPropertiesProvider _inner = inner ?? throw new ArgumentNullException(nameof(inner));

    /// <inheritdoc/>
    public IDictionary<string, object?>? GetExceptionProperties(Exception exception) => _inner.GetExceptionProperties(exception);
}
