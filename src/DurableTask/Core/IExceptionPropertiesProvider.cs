namespace DurableTask.Core;

/// <summary>Adds data of its own to the stored details of an exception.</summary>
public interface IExceptionPropertiesProvider
{
    /// <summary>JSON-serialisable values to store beside type, message and stack trace; null for nothing.</summary>
    IDictionary<string, object?>? GetExceptionProperties(Exception exception);
}
