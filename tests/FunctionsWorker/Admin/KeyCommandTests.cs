using System.Net;
using Heal.FunctionsWorker.Tests.Support;
using Microsoft.Azure.Functions.Worker.Admin;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Azure.Functions.Worker.Keys;
using Microsoft.Azure.Functions.Worker.Store;
using Microsoft.Extensions.Hosting;

namespace Heal.FunctionsWorker.Tests.Admin;

public sealed class KeyCommandTests : IDisposable
{
    private readonly string _state = Directory.CreateTempSubdirectory("key-command-").FullName;
    private readonly FileHostStore _store;

    public KeyCommandTests() => _store = new(_state, TimeProvider.System);

    public void Dispose() => Directory.Delete(_state, recursive: true);

    [Theory]
    [InlineData("rotate ops", "Host", "")]
    [InlineData("rotate --system ops", "System", "")]
    [InlineData("rotate ops --function echo", "Function", "Echo")]
    [InlineData("rotate --master", "Master", "")]
    public async Task Rotate_prints_the_new_key_and_stores_its_hash(string words, string kind, string function)
    {
        string printed = (await RunAsync(words)).Trim();
        StoredKey key = Assert.Single(await _store.ReadKeysAsync(default));
        Assert.Equal((kind, function), (key.Id.Kind.ToString(), key.Id.Function));
        Assert.True(key.Matches(printed));
        await RunAsync(words);
        Assert.False(Assert.Single(await _store.ReadKeysAsync(default)).Matches(printed));
    }

    [Fact]
    public async Task Set_takes_the_value_from_standard_input_and_prints_nothing()
    {
        Assert.Equal("", await RunAsync("set partner", input: "a-value-that-somebody-chose\n"));
        Assert.True(Assert.Single(await _store.ReadKeysAsync(default)).Matches("a-value-that-somebody-chose"));
    }

    [Fact]
    public async Task List_tells_names_only_and_delete_removes()
    {
        string value = (await RunAsync("rotate partner")).Trim();
        await RunAsync("rotate --function Echo partner");
        Assert.Equal(
            $"Host key 'partner'{Environment.NewLine}Function key 'partner' of 'Echo'{Environment.NewLine}", await RunAsync("list"));
        Assert.DoesNotContain(value, await RunAsync("list"), StringComparison.Ordinal);
        await RunAsync("delete --function Echo partner");
        Assert.Equal($"Host key 'partner'{Environment.NewLine}", await RunAsync("list"));
    }

    [Theory]
    [InlineData("", "expected list, set, rotate or delete")]
    [InlineData("make a", "got 'make'")]
    [InlineData("rotate", "NAME is missing")]
    [InlineData("rotate --master a", "no other name")]
    [InlineData("rotate --function", "--function")]
    [InlineData("rotate --function Echo", "NAME is missing")]
    [InlineData("rotate --system --master a", "--master")]
    [InlineData("rotate a b", "'b' is one word too many")]
    [InlineData("list a", "'a' is one word too many")]
    [InlineData("rotate --function Nobody a", "no function 'Nobody'. There are: Echo")]
    [InlineData("delete a", "no Host key 'a'")]
    [InlineData("delete --master", "cannot be deleted")]
    [InlineData("set a", "standard input")]
    public async Task What_cannot_be_done_is_refused_with_the_reason(string words, string reason)
    {
        KeyRefusedException exception = await Assert.ThrowsAsync<KeyRefusedException>(() => RunAsync(words));
        Assert.Contains(reason, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_application_started_as_a_key_command_changes_the_keys_of_a_host_that_runs()
    {
        await using TestHost host = await TestHost.StartAsync(settings: new(StringComparer.Ordinal) { ["HEAL_STATE"] = _state });
        string value = (await RunAsync("rotate partner")).Trim();
        await OpensAsync(host, value, HttpStatusCode.OK);
        FunctionsApplicationBuilder command = FunctionsApplication.CreateBuilder(
        [
            "keys", "delete", "partner", $"--HEAL_STATE={_state}", $"--applicationName={typeof(TestHost).Assembly.GetName().Name}",
        ]);

        await command.Build().RunAsync();

        await OpensAsync(host, value, HttpStatusCode.Unauthorized);
    }

    private static Task OpensAsync(TestHost host, string key, HttpStatusCode expected) => Azurite.UntilAsync(
        async () => (await host.GetAsync("/api/Echo", key)).StatusCode == expected, $"the key is answered with {expected}");

    private async Task<string> RunAsync(string words, string input = "")
    {
        var output = new StringWriter();
        KeyCommand command = KeyCommand.Parse(["keys", .. words.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
        await command.RunAsync(new KeyAdmin(new KeySet(), _store), ["Echo"], new StringReader(input), output, default);
        return output.ToString();
    }
}
