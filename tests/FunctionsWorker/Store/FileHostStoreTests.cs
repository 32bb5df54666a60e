using Microsoft.Azure.Functions.Worker.Keys;
using Microsoft.Azure.Functions.Worker.Store;

namespace Heal.FunctionsWorker.Tests.Store;

public sealed class FileHostStoreTests : HostStoreTests
{
    private readonly ManualTime _time = new();
    private string _folder = "";

    [Fact]
    public async Task The_files_are_their_owners_alone()
    {
        await (await OpenAsync()).SetKeyAsync(StoredKey.Of(KeyId.Master, StoredKey.NewValue()), default);
        string[] files = Directory.GetFiles(_folder);
        Assert.NotEmpty(files);
        Assert.All(files, static file => Assert.True(
            OperatingSystem.IsWindows() || File.GetUnixFileMode(file) == (UnixFileMode.UserRead | UnixFileMode.UserWrite)));
    }

    [Fact]
    public async Task A_file_that_holds_something_else_is_named()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder, "host-timers.json"), "{ \"timers\": 7 }");
        InvalidDataException exception = await Assert.ThrowsAsync<InvalidDataException>(OpenAsync);
        Assert.Contains("host-timers.json", exception.Message, StringComparison.Ordinal);
    }

    public override Task DisposeAsync()
    {
        Directory.Delete(_folder, recursive: true);
        return Task.CompletedTask;
    }

    private protected override Task PrepareAsync()
    {
        _folder = Directory.CreateTempSubdirectory("host-store-").FullName;
        return Task.CompletedTask;
    }

    private protected override async Task<IHostStore> OpenAsync()
    {
        var store = new FileHostStore(_folder, _time);
        await store.InitializeAsync(default);
        return store;
    }

    private protected override Task PassAsync(TimeSpan time)
    {
        _time.Advance(time);
        return Task.CompletedTask;
    }

    private protected override Task<string> DumpKeysAsync() => File.ReadAllTextAsync(Path.Combine(_folder, "host-keys.json"));
}
