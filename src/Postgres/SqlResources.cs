using System.Reflection;

namespace Heal.Postgres;

/// <summary>Reads the embedded .sql files of a folder: file name without ".sql" to text with "\n" line ends.</summary>
internal static class SqlResources
{
    private const string Extension = ".sql";

    public static Dictionary<string, string> Read(Assembly assembly, string folder)
    {
        var marker = $".{folder}.";
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var resource in assembly.GetManifestResourceNames())
        {
            var at = resource.IndexOf(marker, StringComparison.Ordinal);
            if (at < 0 || !resource.EndsWith(Extension, StringComparison.Ordinal))
            {
                continue;
            }

            using var stream = assembly.GetManifestResourceStream(resource)!;
            using var reader = new StreamReader(stream);
            found.Add(resource[(at + marker.Length)..^Extension.Length], reader.ReadToEnd().ReplaceLineEndings("\n"));
        }

        return found;
    }
}
