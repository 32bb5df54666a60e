using System.Text.Json;
using System.Text.Json.Serialization;

namespace Microsoft.Azure.Functions.Worker.Store;

/// <summary>
/// A JSON file that several processes of one machine read and change. Written aside and moved, mode 0600, so that nobody reads half of
/// it; a change holds the lock file beside it from reading to writing. The operating system drops the lock of a process that died.
/// </summary>
internal sealed class StateFile<T>(string path)
    where T : class, new()
{
    /// <summary>For the lock: who holds it reads and writes a small file.</summary>
    private static readonly TimeSpan LockTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LockRetry = TimeSpan.FromMilliseconds(5);

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Converters = { new JsonStringEnumConverter() },
    };

    /// <exception cref="InvalidDataException">The file is there but holds something else.</exception>
    public async Task<T> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(await File.ReadAllBytesAsync(path, cancellationToken), Json)
                ?? throw new JsonException("The file is null.");
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return new();
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException(
                $"'{path}' is not what a function host wrote: {exception.Message} Correct it, or delete it to begin anew.", exception);
        }
    }

    /// <summary>Reads, lets <paramref name="change"/> judge and change, and writes when it says so.</summary>
    public async Task<TResult> ChangeAsync<TResult>(
        Func<T, (TResult Result, bool IsChanged)> change, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        await using FileStream held = await LockAsync(cancellationToken);
        T content = await ReadAsync(cancellationToken);
        (TResult result, bool isChanged) = change(content);
        if (isChanged)
        {
            // Once begun, a change is ended: what the caller is told must be what the file says.
            await using (var stream = new FileStream(path + ".new", Options(FileMode.Create)))
            {
                await JsonSerializer.SerializeAsync(stream, content, Json, CancellationToken.None);
                stream.Flush(flushToDisk: true);
            }

            File.Move(path + ".new", path, overwrite: true);
        }

        return result;
    }

    private async Task<FileStream> LockAsync(CancellationToken cancellationToken)
    {
        // A file lock is held in real time, whatever clock the host was given.
        TimeProvider real = TimeProvider.System;
        long started = real.GetTimestamp();
        while (true)
        {
            try
            {
                return new FileStream(path + ".lock", Options(FileMode.OpenOrCreate));
            }
            catch (IOException exception) when (exception is not (DirectoryNotFoundException or PathTooLongException))
            {
                if (real.GetElapsedTime(started) > LockTimeout)
                {
                    throw new TimeoutException(
                        $"'{path}.lock' was not free within {LockTimeout}: another process holds it, or the folder cannot be written.",
                        exception);
                }
            }

            await Task.Delay(LockRetry, real, cancellationToken);
        }
    }

    private static FileStreamOptions Options(FileMode mode)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.Write, Share = FileShare.None };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return options;
    }
}
