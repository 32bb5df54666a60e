using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Heal.EndToEnd.Tests;

/// <summary>The app as a process with libvirt's own test driver behind it, once for all tests of the class.</summary>
public sealed class CommandLineFixture : IAsyncLifetime
{
    private const string Node = """
        <node>
          <cpu><mhz>2000</mhz><model>i686</model><active>8</active><nodes>1</nodes><sockets>1</sockets><cores>8</cores>
            <threads>1</threads></cpu>
          <memory>16777216</memory>
          <pool type='dir'><name>disks</name><target><path>/disks</path></target>
            <volume type='file'><name>golden</name><capacity>1073741824</capacity><target><path>/disks/golden</path>
              <format type='qcow2'/></target></volume></pool>
        </node>
        """;

    public string Folder { get; } = Directory.CreateTempSubdirectory("heal-cli-").FullName;

    internal HealEnvironment Heal { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        string node = Path.Combine(Folder, "node.xml");
        await File.WriteAllTextAsync(node, Node);
        Heal = await HealEnvironment.CreateAsync(new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["Heal__Libvirt__Hosts__testhost__Uri"] = $"test://{node}",
        });
        await Heal.App.StartAsync();
    }

    public async Task DisposeAsync()
    {
        await Heal.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }
}

/// <summary>The command line as a process, against the app.</summary>
public sealed class CommandLineTests(CommandLineFixture fixture) : IClassFixture<CommandLineFixture>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private const string Web = """
        { "id": "web-1", "vcpus": 2, "memory": "1GiB", "type": "test", "disks": [{ "pool": "disks", "size": "4GiB" },
          { "pool": "disks", "copyOf": { "volume": "golden" } }] }
        """;

    [Fact]
    public async Task A_machine_is_validated_made_followed_stopped_started_and_deleted()
    {
        await File.WriteAllTextAsync(Path.Combine(fixture.Folder, "web-1.json"), Web);
        await HealAsync(0, "valid: it would be made, on host 'testhost'", "vm", "validate", "web-1.json");
        string steps = await HealAsync(0, "web-1: Created: made, on host 'testhost'", "vm", "create", "web-1.json", "--wait");
        Assert.Contains("  testhost: wish", steps, StringComparison.Ordinal); // the last step; those before may be too short to be seen
        await HealAsync(0, "web-1: it is there as defined", "vm", "create", "web-1.json");
        await HealAsync(0, "web-1: Stopped: it is off", "vm", "stop", "web-1", "--wait");

        // the same work again: what is shown of the one before is not taken for it
        await HealAsync(0, "web-1: Started: it runs on host 'testhost'", "vm", "start", "web-1", "--wait");
        string list = await HealAsync(0, "\"web-1\"", "vm", "list", "--output", "json");
        Assert.Equal("running", (string?)JsonNode.Parse(list[..(list.LastIndexOf('}') + 1)])!["machines"]![0]!["state"]);
        await HealAsync(0, "state      running", "vm", "show", "web-1");

        await HealAsync(2, "nobody can be asked here", "vm", "delete", "web-1", "--force");
        await HealAsync(0, "web-1: Deleted: nothing is left", "vm", "delete", "web-1", "--force", "--yes", "--wait");
        await HealAsync(1, "There is no machine 'web-1', and no volume of it.", "vm", "delete", "web-1", "--yes");
    }

    [Fact]
    public async Task What_is_wrong_is_told_with_its_place_and_what_to_do()
    {
        string faulty = await HealAsync(1, "The definition has 3 faults.", Web.Replace("\"vcpus\"", "\"vcpu\"", StringComparison.Ordinal)
            .Replace("\"golden\"", "\"../golden\"", StringComparison.Ordinal), "vm", "create", "-");
        Assert.Contains("$.vcpu: found ", faulty, StringComparison.Ordinal);
        Assert.Contains("$.disks[1].copyOf.volume: found \"../golden\", expected the name of a volume", faulty, StringComparison.Ordinal);

        string large = Web.Replace("1GiB", "64GiB", StringComparison.Ordinal).Replace("\"golden\"", "\"gone\"", StringComparison.Ordinal);
        string crowded = await HealAsync(1, "The machine cannot be made as things are.", large, "vm", "create", "-");
        Assert.Contains("host 'testhost' memory: found ", crowded, StringComparison.Ordinal);
        Assert.Contains("volume 'gone': found no such volume", crowded, StringComparison.Ordinal);

        await HealAsync(1, "$.id: found \"web-1\", expected \"web-2\", as in the address", Web, "vm", "create", "-", "--id", "web-2");
        await HealAsync(1, "is no id of a machine: expected 1 to 50 of a-z", "vm", "show", "Web_1");
        await HealAsync(1, "graceSeconds", "vm", "stop", "web-1", "--grace", "0");
        await HealAsync(1, "There is no incident 'incident-0'", "incident", "show", "incident-0");
        await HealAsync(1, "There is no action of this id. Known: ", "action", "dry-run", "rebot", "--kind", "Pod", "--name", "x");
    }

    [Fact]
    public async Task Keys_actions_incidents_and_the_status_are_there_for_whoever_may_see_them()
    {
        await HealAsync(0, "state   ready", "status");
        await HealAsync(0, "rollout_restart", "action", "list");
        await HealAsync(0, "There are no incidents.", "incident", "list");
        await HealAsync(4, "Only the master key opens this.", "key", "list");

        string master = await KeyFileAsync("master", HealProcess.MasterKey);
        string made = await HealAsync(0, "nobody can read it back", "key", "create", "pager", "--key-file", master);
        await HealAsync(0, "pager", "key", "list", "--key-file", master);

        string own = await KeyFileAsync("own", made.Split('\n')[0]);
        await HealAsync(0, "There are no machines", "vm", "list", "--key-file", own);
        await HealAsync(0, "key 'pager' deleted", "key", "delete", "pager", "--yes", "--key-file", master);
        await HealAsync(0, "version", "status", "--key-file", master);
    }

    private async Task<string> KeyFileAsync(string name, string key)
    {
        string path = Path.Combine(fixture.Folder, name);
        await File.WriteAllTextAsync(path, key);
        return path;
    }

    private Task<string> HealAsync(int exitCode, string says, params string[] arguments) =>
        arguments[0].StartsWith('{') ? HealAsync(exitCode, says, arguments[0], arguments[1..]) : HealAsync(exitCode, says, "", arguments);

    /// <returns>The output, and the errors after it.</returns>
    private async Task<string> HealAsync(int exitCode, string says, string input, string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "heal.dll"), .. arguments])
        {
            UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
            WorkingDirectory = fixture.Folder,
        };
        start.Environment["HEAL_URL"] = fixture.Heal.App.Url.ToString();
        start.Environment["HEAL_KEY"] = HealProcess.FunctionKey;
        using Process process = Process.Start(start)!;
        using var limit = new CancellationTokenSource(Patience);
        Task<string> output = process.StandardOutput.ReadToEndAsync(limit.Token);
        Task<string> errors = process.StandardError.ReadToEndAsync(limit.Token);
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        await process.WaitForExitAsync(limit.Token);
        string told = await output + await errors;
        Assert.True(
            process.ExitCode == exitCode && told.Contains(says, StringComparison.Ordinal),
            $"heal {string.Join(' ', arguments)}: exit code {process.ExitCode}, expected {exitCode} and '{says}', got:\n{told}");
        return told;
    }
}
