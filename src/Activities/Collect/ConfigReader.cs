using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>Looks at the ConfigMaps and Secrets that two templates refer to: that they exist, when they changed, which keys they
/// have.</summary>
internal static class ConfigReader
{
    public static async Task<IReadOnlyList<ConfigEvidence>> ReadAsync(
        PartReader reader, string ns, IReadOnlySet<(string Kind, string Name)> current, IReadOnlySet<(string Kind, string Name)> previous)
    {
        var all = current.Union(previous).Order().ToList();
        if (all.Count > EvidenceLimits.Configs)
        {
            reader.Gap($"configuration: {all.Count - EvidenceLimits.Configs} of {all.Count} ConfigMaps and Secrets were not looked at");
        }

        var found = await Task.WhenAll(all.Take(EvidenceLimits.Configs).Select(async item => item.Kind == ConfigEvidence.Secret
            ? Describe(item, await reader.GetAsync<SecretShape>(
                $"Secret '{item.Name}'", ResourceKind.Of<SecretShape>(), ns, item.Name), secret => (secret.Data?.Keys, null))
            : Describe(item, await reader.GetAsync<ConfigMap>(
                $"ConfigMap '{item.Name}'", ResourceKind.Of<ConfigMap>(), ns, item.Name), map => (map.Data?.Keys, Hash(map)))));
        return [.. found.OfType<ConfigEvidence>().Select(config => config with
        {
            UsedByCurrent = current.Contains((config.Kind, config.Name)),
            UsedByPrevious = previous.Contains((config.Kind, config.Name)),
        })];
    }

    private static ConfigEvidence? Describe<T>(
        (string Kind, string Name) item, Look<T> look, Func<T, (IEnumerable<string>? Keys, string? Hash)> content)
        where T : KubernetesObject
    {
        if (!look.Known) return null;
        var (keys, hash) = look.Value is null ? (null, null) : content(look.Value);
        var metadata = look.Value?.Metadata;
        return new ConfigEvidence(
            $"{item.Kind.ToLowerInvariant()}/{item.Name}",
            item.Name,
            look.Value is not null,
            false,
            false,
            metadata?.ResourceVersion,
            hash,
            [.. (keys ?? []).Order(StringComparer.Ordinal).Take(EvidenceLimits.ConfigKeys)],
            metadata?.CreationTimestamp,
            metadata is null ? null : FieldManagers.DataWrittenAt(metadata))
        {
            Kind = item.Kind,
        };
    }

    private static string Hash(ConfigMap map)
    {
        var text = new StringBuilder();
        foreach (var (key, value) in (map.Data ?? new Dictionary<string, string>()).OrderBy(item => item.Key, StringComparer.Ordinal))
        {
            text.Append(key).Append('\0').Append(value).Append('\0');
        }

        if (map.Field("binaryData") is { } binary) text.Append(binary.GetRawText());
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())).AsSpan(0, 8));
    }
}

/// <summary>A Secret without its values: they are skipped while they are read and are never in memory as text.</summary>
[KubernetesResource("", "Secret")]
internal sealed record SecretShape : KubernetesObject
{
    public IReadOnlyDictionary<string, SkippedValue>? Data { get; init; }
}

/// <summary>Stands for a value that was not looked at.</summary>
[JsonConverter(typeof(SkippedValueConverter))]
internal sealed record SkippedValue;

internal sealed class SkippedValueConverter : JsonConverter<SkippedValue>
{
    public override SkippedValue Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        reader.Skip();
        return new SkippedValue();
    }

    public override void Write(Utf8JsonWriter writer, SkippedValue value, JsonSerializerOptions options) => writer.WriteNullValue();
}
