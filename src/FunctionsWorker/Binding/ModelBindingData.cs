namespace Microsoft.Azure.Functions.Worker.Core;

/// <summary>
/// A payload with its kind and content type, as a converter of an extension may get it from a host in another process. This host hands
/// converters the payload itself.
/// </summary>
public abstract class ModelBindingData
{
    public abstract string Version { get; }

    public abstract string Source { get; }

    public abstract BinaryData Content { get; }

    public abstract string ContentType { get; }
}

/// <summary>Several payloads at once; see <see cref="ModelBindingData"/>.</summary>
public abstract class CollectionModelBindingData
{
    public abstract ModelBindingData[] ModelBindingData { get; }
}
