using Microsoft.Azure.Functions.Worker.Configuration;
using Microsoft.Azure.Functions.Worker.Store;
using Microsoft.Extensions.Logging;

namespace Microsoft.Azure.Functions.Worker.Keys;

/// <summary>
/// What happens to keys at a start: plain ones of an earlier version are taken over, hashed; those without which something is out of
/// reach are made. Any number of hosts may start at once: each key is made by one.
/// </summary>
internal sealed partial class KeyBootstrap(KeySet configured, HostSettings settings, IHostStore store, ILogger<KeyBootstrap> logger)
{
    private const string DefaultName = "default";

    // Of an attempt that failed, and the file that has them: the store may hold them all the same, so that the next attempt goes on with
    // these, and with one file.
    private List<(KeyId Id, string Value)>? _wanted;
    private string? _path;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await TakeOverAsync(cancellationToken);
        IReadOnlyList<StoredKey> stored = await store.ReadKeysAsync(cancellationToken);
        _wanted ??= [.. Missing(stored).Select(static id => (id, StoredKey.NewValue()))];
        if (_wanted.Count > 0)
        {
            await MakeAsync(_wanted, cancellationToken);
        }

        (_wanted, _path) = (null, null);
    }

    private async Task MakeAsync(List<(KeyId Id, string Value)> wanted, CancellationToken cancellationToken)
    {
        // Written before they count: keys that are valid but that nobody knows would be the worse end of a crash in between.
        _path ??= Write(wanted);
        await store.AddKeysAsync([.. wanted.Select(static key => StoredKey.Of(key.Id, key.Value))], cancellationToken);
        IReadOnlyList<StoredKey> stored = await store.ReadKeysAsync(cancellationToken);
        List<(KeyId Id, string Value)> own = [.. wanted.Where(
            key => stored.Any(known => known.Id == key.Id && known.Matches(key.Value)))];
        if (own.Count < wanted.Count)
        {
            // Another host was faster, and tells its own.
            File.Delete(_path);
            _path = own.Count > 0 ? Write(own) : "";
        }

        if (own.Count > 0)
        {
            Log.Made(logger, string.Join(", ", own.Select(static key => key.Id)), _path);
        }
    }

    /// <summary>A master key and one for the management API always; a host key at the very first start only, since an operator may want
    /// none.</summary>
    private IEnumerable<KeyId> Missing(IReadOnlyList<StoredKey> stored)
    {
        if (configured.Master is null && !stored.Any(static key => key.Id.Kind == KeyKind.Master))
        {
            yield return KeyId.Master;
        }

        if (configured.Host.Count == 0 && stored.Count == 0)
        {
            yield return new(KeyKind.Host, "", DefaultName);
        }

        if (!configured.System.ContainsKey(KeyId.DurableTaskName) && !stored.Any(static key => key.Id == KeyId.DurableTask))
        {
            yield return KeyId.DurableTask;
        }
    }

    /// <summary>Plain keys of an earlier version go into the store, hashed.</summary>
    public async Task TakeOverAsync(CancellationToken cancellationToken)
    {
        string path = PlainKeyFile.OldPath(settings.StateFolder);
        if (PlainKeyFile.ReadOld(settings.StateFolder) is not { } old)
        {
            return;
        }

        // Of a kind that is configured, the file's keys were not in use.
        var used = old with
        {
            Master = configured.Master is null ? old.Master : null,
            Host = configured.Host.Count == 0 ? old.Host : new Dictionary<string, string>(StringComparer.Ordinal),
            System = configured.System.Count == 0 ? old.System : new Dictionary<string, string>(StringComparer.Ordinal),
        };
        List<StoredKey> keys = [.. used.All().Select(static key => StoredKey.Of(key.Id, key.Value))];
        if (keys.Count == 0)
        {
            return; // nobody reads the file, as before
        }

        IReadOnlyList<StoredKey> added = await store.AddKeysAsync(keys, cancellationToken);
        if (PlainKeyFile.ReadOld(settings.StateFolder) is null)
        {
            Log.TakenOver(logger, added.Count, path, store.Place); // the store has put its own file in the place of the old one
        }
        else if (added.Count == keys.Count)
        {
            File.Delete(path);
            Log.TakenOver(logger, added.Count, path, store.Place);
        }
        else
        {
            // Not lost, but not valid either: the store had keys of these names, from another host.
            string aside = path + ".not-taken-over";
            File.Move(path, aside, overwrite: true);
            Log.NotTakenOver(logger, string.Join(", ", keys.Except(added).Select(static key => key.Id)), store.Place, aside);
        }
    }

    private string Write(List<(KeyId Id, string Value)> keys)
    {
        try
        {
            return PlainKeyFile.WriteNew(settings.StateFolder, keys);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new InvalidOperationException(
                $"New keys are to be made ({string.Join(", ", keys.Select(static key => key.Id))}) and cannot be written for you to read: "
                + $"{exception.Message} Make the folder of HEAL_STATE writable, or configure the keys (settings AzureFunctionsKeys).",
                exception);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(70, LogLevel.Warning,
            "Made new keys: {Keys}. They are in {Path}, readable by this user only: note them and delete the file; no host reads it")]
        public static partial void Made(ILogger logger, string keys, string path);

        [LoggerMessage(71, LogLevel.Information,
            "{Count} plain keys of {Path} were taken over into {Store}, hashed; they go on working, the file with them is gone")]
        public static partial void TakenOver(ILogger logger, int count, string path, string store);

        [LoggerMessage(72, LogLevel.Warning,
            "{Keys} were not taken over: {Store} has keys of these names from another host. The file is kept as {Path}, "
            + "these keys of it do not work")]
        public static partial void NotTakenOver(ILogger logger, string keys, string store, string path);
    }
}
