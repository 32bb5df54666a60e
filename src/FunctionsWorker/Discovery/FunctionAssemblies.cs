using System.Reflection;
using System.Text.Json;

namespace Microsoft.Azure.Functions.Worker.Discovery;

/// <summary>
/// Which assemblies may hold functions: the application's and those of the projects that it references.
/// Read from what the generator wrote into the application; for one compiled without it from the deps.json beside it, because the compiler
/// drops references that no code mentions; without that, from the metadata.
/// </summary>
internal static class FunctionAssemblies
{
    private static readonly string Marker = typeof(FunctionAttribute).Assembly.GetName().Name!;

    public static IReadOnlyList<Assembly> Of(Assembly application)
    {
        if (application.IsDefined(typeof(FunctionAssembliesAttribute)))
        {
            var named = new List<Assembly>();
            Walk(application, [], named);
            return [.. named.Where(CanDeclareFunctions)];
        }

        IEnumerable<string> names = FromDepsFile(application) ?? FromMetadata(application);
        return [.. names.Distinct(StringComparer.Ordinal).Select(Assembly.Load).Append(application).Distinct().Where(CanDeclareFunctions)];
    }

    private static bool CanDeclareFunctions(Assembly assembly) =>
        assembly.GetReferencedAssemblies().Any(static name => name.Name == Marker);

    private static void Walk(Assembly assembly, HashSet<string> seen, List<Assembly> found)
    {
        foreach (string name in assembly.GetCustomAttribute<FunctionAssembliesAttribute>()?.Names ?? [])
        {
            if (seen.Add(name) && LoadIfDeployed(name) is { } referenced)
            {
                Walk(referenced, seen, found);
            }
        }

        found.Add(assembly);
    }

    // What was compiled against and not deployed runs no functions; who needs it for something else fails there and says so.
    private static Assembly? LoadIfDeployed(string name)
    {
        try
        {
            return Assembly.Load(name);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    private static IEnumerable<string> FromMetadata(Assembly application) => application
        .GetReferencedAssemblies()
        .Where(static name => File.Exists(Path.Combine(AppContext.BaseDirectory, name.Name + ".dll")))
        .Select(static name => name.FullName);

    private static List<string>? FromDepsFile(Assembly application)
    {
        string? path = (AppContext.GetData("APP_CONTEXT_DEPS_FILES") as string)?.Split(';').FirstOrDefault(static p => p.Length > 0);
        if (path is null || !File.Exists(path))
        {
            return null;
        }

        using JsonDocument deps = JsonDocument.Parse(File.ReadAllBytes(path));
        JsonElement root = deps.RootElement;
        string target = root.GetProperty("runtimeTarget").GetProperty("name").GetString()!;
        var projects = root.GetProperty("libraries").EnumerateObject()
            .Where(static l => l.Value.GetProperty("type").GetString() == "project")
            .Select(static l => l.Name)
            .ToHashSet(StringComparer.Ordinal);
        var entries = root.GetProperty("targets").GetProperty(target).EnumerateObject()
            .Where(e => projects.Contains(e.Name))
            .ToDictionary(static e => e.Name.Split('/')[0], static e => e.Value, StringComparer.OrdinalIgnoreCase);

        var found = new List<string>();
        Walk(application.GetName().Name!, entries, [], found);
        return found;
    }

    private static void Walk(string library, Dictionary<string, JsonElement> entries, HashSet<string> seen, List<string> found)
    {
        if (!entries.TryGetValue(library, out JsonElement entry) || !seen.Add(library))
        {
            return;
        }

        if (entry.TryGetProperty("runtime", out JsonElement files))
        {
            found.AddRange(files.EnumerateObject().Select(static f => Path.GetFileNameWithoutExtension(f.Name)));
        }

        if (entry.TryGetProperty("dependencies", out JsonElement dependencies))
        {
            foreach (JsonProperty dependency in dependencies.EnumerateObject())
            {
                Walk(dependency.Name, entries, seen, found);
            }
        }
    }
}
