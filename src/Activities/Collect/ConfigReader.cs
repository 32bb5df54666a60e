using System.Security.Cryptography;
using System.Text;
using Heal.Drivers.Kubernetes;
using Heal.Drivers.Kubernetes.Models;
using Heal.Healing;

namespace Heal.Activities;

/// <summary>Looks at the ConfigMaps that two templates refer to: that they exist, when they changed, a hash of what is in them.</summary>
internal sealed class ConfigReader(IKubernetesClient client)
{
    public async Task<IReadOnlyList<ConfigEvidence>> ReadAsync(
        string ns, IReadOnlySet<string> current, IReadOnlySet<string> previous, List<string> gaps, CancellationToken cancellationToken)
    {
        var names = current.Union(previous, StringComparer.Ordinal).ToList();
        if (names.Count > EvidenceLimits.Configs) gaps.Add(
            $"{names.Count - EvidenceLimits.Configs} of {names.Count} ConfigMaps were not looked at");
        var found = new List<ConfigEvidence>();
        foreach (var name in names.Take(EvidenceLimits.Configs))
        {
            try
            {
                var map = await client.TryGetAsync<ConfigMap>(ns, name, cancellationToken);
                found.Add(Describe(name, map, current.Contains(name), previous.Contains(name)));
            }
            catch (KubernetesApiException e)
            {
                gaps.Add(SafeText.Line($"ConfigMap '{name}': {e.Message}", EvidenceLimits.MessageLength));
            }
        }

        return found;
    }

    private static ConfigEvidence Describe(string name, ConfigMap? map, bool current, bool previous) => new(
        $"configmap/{name}",
        name,
        map is not null,
        current,
        previous,
        map?.Metadata.ResourceVersion,
        map is null ? null : Hash(map),
        [.. (map?.Data ?? new Dictionary<string, string>()).Keys.Order(StringComparer.Ordinal).Take(EvidenceLimits.ConfigKeys)],
        map?.Metadata.CreationTimestamp,
        map is null ? null : FieldManagers.DataWrittenAt(map.Metadata));

    private static string Hash(ConfigMap map)
    {
        var text = new StringBuilder();
        foreach (var (key, value) in (map.Data ?? new Dictionary<string, string>()).OrderBy(item => item.Key, StringComparer.Ordinal))
        {
            text.Append(key).Append('\0').Append(value).Append('\0');
        }

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())).AsSpan(0, 8));
    }
}
