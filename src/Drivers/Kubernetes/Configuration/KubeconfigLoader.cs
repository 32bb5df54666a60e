using YamlDotNet.Core;
using YamlDotNet.Serialization;
using YamlDotNet.Serialization.NamingConventions;

namespace Heal.Drivers.Kubernetes.Configuration;

/// <summary>
/// Reads kubeconfig files and merges them: of entries with the same name the first wins, and so does the first current-context.
/// A file of the list that does not exist is passed over, unless none exists.
/// </summary>
internal static class KubeconfigLoader
{
    /// <summary>Largest file, in bytes.</summary>
    public const long MaxFileBytes = 4 << 20;

    public static Kubeconfig Load(IReadOnlyList<string> paths)
    {
        var existing = paths.Where(File.Exists).ToList();
        if (existing.Count == 0)
            throw new KubeconfigException(
                $"Kubeconfig '{string.Join(Path.PathSeparator, paths)}': expected a readable file, found none. "
                + "Set KUBECONFIG or the KubeconfigPath option to one that exists.");

        var merged = new Kubeconfig { Files = string.Join(Path.PathSeparator, existing) };
        foreach (var path in existing)
        {
            var file = Read(path);
            if (string.IsNullOrEmpty(merged.CurrentContext))
                merged.CurrentContext = file.CurrentContext;
            AddNew(merged.Contexts, file.Contexts, path);
            AddNew(merged.Clusters, file.Clusters, path);
            AddNew(merged.Users, file.Users, path);
        }

        return merged;
    }

    private static Kubeconfig Read(string path)
    {
        try
        {
            if (new FileInfo(path).Length > MaxFileBytes)
                throw new KubeconfigException($"Kubeconfig '{path}': expected at most {MaxFileBytes} bytes. Is it a kubeconfig?");

            using var reader = File.OpenText(path);
            return new DeserializerBuilder()
                .WithNamingConvention(HyphenatedNamingConvention.Instance)
                .IgnoreUnmatchedProperties()
                .Build()
                .Deserialize<Kubeconfig>(reader) ?? new Kubeconfig();
        }
        catch (YamlException exception)
        {
            // The text of the exception may quote a value, and values here can be keys: only the place is passed on.
            throw new KubeconfigException(
                $"Kubeconfig '{path}', line {exception.Start.Line}, column {exception.Start.Column}: not a valid kubeconfig (YAML).");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new KubeconfigException($"Kubeconfig '{path}': cannot be read: {exception.Message}", exception);
        }
    }

    private static void AddNew<T>(List<T> merged, List<T>? entries, string path) where T : NamedEntry
    {
        foreach (var entry in entries ?? [])
        {
            if (merged.Exists(m => m.Name == entry.Name))
                continue;
            entry.File = path;
            merged.Add(entry);
        }
    }
}
