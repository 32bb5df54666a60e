using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Azure.Functions.Worker.Configuration;
using Microsoft.Extensions.Configuration;

namespace Heal.FunctionsWorker.Tests;

/// <summary>host.schema.json is for editors; the reader decides. They must not differ.</summary>
public sealed class HostSchemaTests
{
    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    [Fact]
    public void The_schema_for_editors_has_every_property_of_the_reader_with_type_range_and_default()
    {
        string path = Path.Combine(RepositoryRoot(), "src/FunctionsWorker/Configuration/host.schema.json");
        string wanted = HostJsonSchema.Of(Asked()).ToJsonString(Indented) + "\n";
        if (Environment.GetEnvironmentVariable("HEAL_TEST_WRITE_SCHEMA") is { Length: > 0 })
        {
            File.WriteAllText(path, wanted);
        }

        Assert.True(wanted == File.ReadAllText(path),
            $"{path} is not what the reader takes: run this test once with HEAL_TEST_WRITE_SCHEMA=1");
    }

    [Fact]
    public void The_reader_takes_the_ends_of_each_range_and_the_default_and_refuses_what_lies_outside()
    {
        int judged = 0;
        foreach ((string path, JsonObject schema) in Asked())
        {
            foreach ((JsonNode value, bool isValid) in Examples(schema))
            {
                var faults = new List<string>();
                Read(At(path, value).ToJsonString(), faults);
                bool isTaken = !faults.Exists(f => f.Contains(path, StringComparison.Ordinal));
                Assert.True(isTaken == isValid, $"{path} = {value.ToJsonString()}: the schema says {isValid}, the reader {isTaken}");
                judged++;
            }
        }

        Assert.True(judged > 60, $"only {judged} examples");
    }

    private static IEnumerable<(JsonNode Value, bool IsValid)> Examples(JsonObject schema)
    {
        if (schema["default"] is { } fallback)
        {
            yield return (fallback.DeepClone(), true);
        }

        JsonNode? number = (string?)schema["type"] == "integer" ? schema : schema["anyOf"]?[1];
        if (number is not null)
        {
            yield return ((int)number["minimum"]!, true);
            yield return ((int)number["maximum"]!, true);
            yield return ((long)(int)number["maximum"]! + 1, false);
            yield return ((int)number["minimum"]! - 1, schema["anyOf"] is not null && (int)number["minimum"]! == 0);
            yield return ("1", false);
        }

        switch ((string?)schema["type"])
        {
            case "boolean":
                yield return (true, true);
                yield return ("true", false);
                break;
            case "number":
                yield return (1, true);
                yield return (0, false);
                yield return (1.5, false);
                break;
            case "string":
                yield return (5, false);
                break;
        }

        foreach (JsonNode? choice in schema["enum"]?.AsArray() ?? [])
        {
            yield return (choice!.DeepClone(), true);
        }

        if (schema["enum"] is not null)
        {
            yield return ("no such choice", false);
        }
    }

    private static JsonObject At(string path, JsonNode value)
    {
        foreach (string name in path.Split('.')[1..].Reverse())
        {
            value = new JsonObject { [name] = value };
        }

        return value.AsObject();
    }

    private static Dictionary<string, JsonObject> Asked()
    {
        var source = new HostJsonSource("none", new ConfigurationBuilder().Build(), []) { Asked = new(StringComparer.Ordinal) };
        HostSettingsReader.Read(source, Path.GetTempPath(), new ConfigurationBuilder().Build(), []);
        return source.Asked;
    }

    private static void Read(string hostJson, List<string> faults)
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, hostJson);
            HostSettingsReader.Read(path, Path.GetTempPath(), new ConfigurationBuilder().Build(), faults);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static string RepositoryRoot()
    {
        string folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Functions.sln")))
        {
            folder = Path.GetDirectoryName(folder)!;
        }

        return folder;
    }
}
