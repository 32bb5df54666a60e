using System.Text.Json.Nodes;

namespace Heal.House.Tests;

/// <summary>
/// The choice of the host by <c>-p:DurableHost</c>, as MSBuild evaluates it. The official packages are not in every feed that this is
/// built from: what can be known without them is that they are asked for, that nothing of ours but the generator stands beside them, and
/// that what the official host wants is there.
/// </summary>
public sealed class DurableHostTests
{
    private const string Spin = "System.Threading.ThreadPool.UnfairSemaphoreSpinLimit";
    private const string ProfileGuided = "System.Runtime.TieredPGO";

    private static readonly string[] OurHost = ["src/DurableTask/", "src/FunctionsWorker", "src/FunctionsWorker.Generators/"];
    private const string Generator = "src/DurableTask/Generators/Generators.csproj";

    /// <summary>Every project that says what it needs of a durable host, and whether it is a program with functions.</summary>
    public static TheoryData<string, bool> Applications()
    {
        var projects = new TheoryData<string, bool>();
        foreach (string project in Repository.FilesEndingWith(".csproj"))
        {
            string text = Repository.TextOf(project);
            if (text.Contains("<DurableReference ", StringComparison.Ordinal) && !project.StartsWith("bench/", StringComparison.Ordinal))
            {
                projects.Add(project, text.Contains("FunctionsWorker\"", StringComparison.Ordinal));
            }
        }

        return projects;
    }

    [Fact]
    public void The_program_its_parts_and_all_samples_choose_their_host() => Assert.Equal(
        [
            "samples/Approval/Approval.csproj", "samples/FanOut/FanOut.csproj", "samples/HelloSequence/HelloSequence.csproj",
            "src/Activities/Activities.csproj", "src/Functions/Functions.csproj", "src/Workflows/Workflows.csproj",
        ],
        Applications().Select(static row => (string)row[0]).Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Applications))]
    public void With_the_Azure_host_only_official_packages_are_referenced_and_what_their_host_wants_is_there(string project, bool isApp)
    {
        JsonNode build = Evaluate(project, "-p:DurableHost=Azure", "-getItem:PackageReference", "-getItem:ProjectReference",
            "-getItem:None", "-getProperty:AzureFunctionsVersion", "-getProperty:OutputType");
        string[] ours = [.. Identities(build, "ProjectReference")
            .Where(static path => OurHost.Any(part => path.Contains(part, StringComparison.Ordinal)))];
        Assert.All(ours, static path => Assert.EndsWith(Generator, path, StringComparison.Ordinal));
        Assert.Equal(isApp ? 0 : 1, ours.Length);
        Dictionary<string, string> packages = Items(build, "PackageReference")
            .Where(static item => ((string)item["Identity"]!).StartsWith("Microsoft.", StringComparison.Ordinal))
            .ToDictionary(static item => (string)item["Identity"]!, static item => (string?)item["VersionOverride"] ?? "");
        Assert.Equal("1.28.0", packages["Microsoft.DurableTask.Abstractions"]);
        Assert.Equal("1.28.0", packages["Microsoft.DurableTask.Analyzers"]);
        if (!isApp)
        {
            Assert.DoesNotContain(packages.Keys, static name => name.StartsWith("Microsoft.Azure", StringComparison.Ordinal));
            return;
        }

        Assert.Equal(("Exe", "v4"),
            ((string)build["Properties"]!["OutputType"]!, (string)build["Properties"]!["AzureFunctionsVersion"]!));
        Assert.Equal("2.52.0", packages["Microsoft.Azure.Functions.Worker"]);
        Assert.StartsWith("2.", packages["Microsoft.Azure.Functions.Worker.Sdk"], StringComparison.Ordinal);
        Assert.All(
            new[] { "DurableTask", "Http.AspNetCore", "Storage.Queues", "Timer" },
            extension => Assert.Matches(@"^\d+\.\d+\.\d+$", packages["Microsoft.Azure.Functions.Worker.Extensions." + extension]));
        string[] files = [.. Items(build, "None")
            .Where(static item => (string?)item["CopyToOutputDirectory"] == "PreserveNewest")
            .Select(static item => (string?)item["Link"] is { Length: > 0 } link ? link : (string)item["Identity"]!)];
        Assert.Contains("host.json", files);
        Assert.Contains("local.settings.json", files);
    }

    [Theory]
    [MemberData(nameof(Applications))]
    public void By_default_no_official_package_is_referenced_and_no_setting_of_their_host_is_there(string project, bool isApp)
    {
        JsonNode build = Evaluate(project, "-getItem:PackageReference", "-getItem:ProjectReference", "-getItem:None");
        Assert.DoesNotContain(Identities(build, "PackageReference"), static name =>
            name.StartsWith("Microsoft.DurableTask", StringComparison.Ordinal)
            || name.StartsWith("Microsoft.Azure.Functions", StringComparison.Ordinal));
        Assert.Equal(isApp, Identities(build, "ProjectReference").Any(static path => path.EndsWith(
            "src/FunctionsWorker/FunctionsWorker.csproj", StringComparison.Ordinal)));
        Assert.DoesNotContain(Items(build, "None"), static item => (string?)item["Link"] == "local.settings.json");
    }

    [Fact]
    public void The_settings_of_the_official_host_name_its_runtime_and_a_storage_that_it_knows()
    {
        JsonNode values = JsonNode.Parse(Repository.TextOf("eng/azure.settings.json"))!["Values"]!;
        Assert.Equal("dotnet-isolated", (string)values["FUNCTIONS_WORKER_RUNTIME"]!);
        Assert.NotNull(values["AzureWebJobsStorage"]);
        Assert.Equal("AzureStorage", (string)values["AzureFunctionsJobHost__extensions__durableTask__storageProvider__type"]!);
    }

    [Theory]
    [InlineData("", "0", "false")]
    [InlineData("-p:TieredPGO=true", "0", "true")]
    public void An_app_that_references_our_host_gets_its_defaults_of_the_runtime_unless_it_says_otherwise(
        string property, string spin, string profileGuided)
    {
        JsonNode build = Evaluate("samples/FanOut/FanOut.csproj", "-t:ResolveReferences", "-p:BuildProjectReferences=false",
            "-p:Configuration=Release", "-getItem:RuntimeHostConfigurationOption", property);
        Dictionary<string, string> options = Items(build, "RuntimeHostConfigurationOption")
            .ToDictionary(static item => (string)item["Identity"]!, static item => (string)item["Value"]!);
        Assert.Equal((spin, profileGuided), (options[Spin], options[ProfileGuided]));
    }

    private static JsonNode Evaluate(string project, params string[] what)
    {
        var (exitCode, output) = Repository.Run("dotnet", ["msbuild", project, "-nologo", .. what.Where(static w => w.Length > 0)]);
        Assert.True(exitCode == 0, output);
        return JsonNode.Parse(output)!;
    }

    private static IEnumerable<string> Identities(JsonNode build, string item) =>
        Items(build, item).Select(static i => ((string)i["Identity"]!).Replace('\\', '/'));

    private static IEnumerable<JsonNode> Items(JsonNode build, string item) =>
        build["Items"]![item]?.AsArray().Select(static i => i!) ?? [];
}
