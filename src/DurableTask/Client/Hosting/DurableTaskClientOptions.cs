using Microsoft.DurableTask.Converters;

namespace Microsoft.DurableTask.Client;

/// <summary>Options of a client; named as its builder is.</summary>
public class DurableTaskClientOptions
{
    private DataConverter? _dataConverter;

    /// <summary>The version of orchestrations that are started without one; empty, the default, for none.</summary>
    public string DefaultVersion { get; set; } = "";

    /// <summary>
    /// Converts inputs, outputs and payloads; must agree with the workers'. Unless it is set, the converter in the container
    /// is used if there is one, else JSON.
    /// </summary>
    public DataConverter DataConverter
    {
        get => _dataConverter ?? JsonDataConverter.Default;
        set => _dataConverter = value ?? throw new ArgumentNullException(nameof(value));
    }

    /// <summary>True to use entities; the default is false.</summary>
    public bool EnableEntitySupport { get; set; }

    internal void SetDefaultConverter(DataConverter? converter) => _dataConverter ??= converter;

    internal void CopyTo(DurableTaskClientOptions other)
    {
        other.DefaultVersion = DefaultVersion;
        other._dataConverter = _dataConverter;
        other.EnableEntitySupport = EnableEntitySupport;
    }
}
