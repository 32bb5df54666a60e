namespace Microsoft.DurableTask.Worker;

/// <summary>Adds an application's own data to the stored details of an exception.</summary>
public interface IExceptionPropertiesProvider
{
    /// <summary>
    /// Returns what to store beside type, message and stack trace: JSON-serialisable values, no secrets; null for nothing.
    /// </summary>
    IDictionary<string, object?>? GetExceptionProperties(Exception exception);
}
