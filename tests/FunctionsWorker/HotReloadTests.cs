using System.Reflection;
using Heal.FunctionsWorker.Tests.Support;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Configuration.UserSecrets;

[assembly: UserSecretsId("heal-function-host-tests")]

namespace Heal.FunctionsWorker.Tests;

public sealed class HotReloadTests
{
    [Fact]
    public async Task Log_levels_change_at_once_and_everything_else_is_named_as_waiting_for_a_restart()
    {
        await using TestHost host = await TestHost.StartAsync(hostJson: """{ "logging": { "logLevel": { "Function.Text": "None" } } }""");
        await host.GetAsync("/api/Text");
        Assert.DoesNotContain("Function Text succeeded", host.Log.All, StringComparison.Ordinal);

        host.WriteHostJson("""
            { "logging": { "logLevel": { "Function": "Information", "default": "Warning" } },
              "extensions": { "queues": { "batchSize": 4 } }, "functionTimeout": "00:01:00" }
            """);
        await host.Log.UntilAsync("$.extensions.queues.batchSize, $.functionTimeout take effect after a restart");
        await host.GetAsync("/api/Text");
        await host.Log.UntilAsync("Function Text succeeded");
    }

    [Fact]
    public async Task A_faulty_change_is_not_applied_even_in_part()
    {
        await using TestHost host = await TestHost.StartAsync();
        host.WriteHostJson("""{ "logging": { "logLevel": { "Function": "None" } }, "functionTimeout": "soon" }""");
        await host.Log.UntilAsync("nothing of it is applied");
        Assert.Contains("$.functionTimeout: is \"soon\"", host.Log.All, StringComparison.Ordinal);
        await host.GetAsync("/api/Text");
        Assert.Contains("Function Text succeeded", host.Log.All, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_word_Host_stands_for_what_the_host_says_about_itself()
    {
        await using TestHost host = await TestHost.StartAsync(hostJson: """{ "logging": { "logLevel": { "Host": "Error" } } }""");
        await host.GetAsync("/api/Text");
        Assert.Contains("Function Text succeeded", host.Log.All, StringComparison.Ordinal);
        Assert.DoesNotContain("of them disabled", host.Log.All, StringComparison.Ordinal);
    }

    [Fact]
    public void Log_files_are_refused_with_the_reason()
    {
        string root = Directory.CreateTempSubdirectory("function-files-").FullName;
        const string hostJson = """{ "logging": { "fileLoggingMode": "always", "console": { "isEnabled": true, "colour": 1 } } }""";
        HostStartupException exception = Assert.Throws<HostStartupException>(() => TestHost.Builder(root, hostJson).Build());
        Assert.Contains(exception.Faults, static f => f.Contains("this host writes to the console", StringComparison.Ordinal));
        Assert.Contains(exception.Faults, static f => f.Contains("$.logging.console.colour: is unknown", StringComparison.Ordinal));
        Directory.Delete(root, recursive: true);
    }

    [Theory]
    [InlineData("Development", "of the user's secrets")]
    [InlineData("Production", "of local.settings.json")]
    public void User_secrets_lie_over_local_settings_in_Development_and_the_command_line_over_both(string environment, string expected)
    {
        string id = typeof(HotReloadTests).Assembly.GetCustomAttribute<UserSecretsIdAttribute>()!.UserSecretsId;
        string secrets = PathHelper.GetSecretsPathFromSecretsId(id);
        string root = Directory.CreateTempSubdirectory("function-secrets-").FullName;
        Directory.CreateDirectory(Path.GetDirectoryName(secrets)!);
        File.WriteAllText(secrets, """{ "WHENCE": "of the user's secrets", "COLOUR": "red" }""");
        File.WriteAllText(Path.Combine(root, "local.settings.json"),
            """{ "Values": { "WHENCE": "of local.settings.json", "COLOUR": "green" } }""");
        try
        {
            var builder = TestHost.Builder(
                root, settings: new(StringComparer.Ordinal) { ["environment"] = environment, ["COLOUR"] = "blue" });
            Assert.Equal(expected, builder.Configuration["WHENCE"]);
            Assert.Equal("blue", builder.Configuration["COLOUR"]);
        }
        finally
        {
            Directory.Delete(Path.GetDirectoryName(secrets)!, recursive: true);
            Directory.Delete(root, recursive: true);
        }
    }
}
