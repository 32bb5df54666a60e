namespace Heal.Bench.FunctionsWorker.Apps;

/// <summary>What the queue function does with its messages: counts them, and holds the first ones until all are there.</summary>
internal static class Drain
{
    private static TaskCompletionSource _go = New();
    private static TaskCompletionSource _held = New();
    private static TaskCompletionSource _all = New();
    private static int _left;

    public static Task TakeAsync(string message)
    {
        Task go = Volatile.Read(ref _go).Task;
        if (!go.IsCompleted)
        {
            Volatile.Read(ref _held).TrySetResult();
            return AfterAsync(go);
        }

        Count();
        return message.Length > 0 ? Task.CompletedTask : throw new FormatException("The message is empty.");
    }

    public static void Hold()
    {
        Volatile.Write(ref _held, New());
        Volatile.Write(ref _go, New());
    }

    /// <returns>Ends when a message waits here.</returns>
    public static Task HeldAsync() => Volatile.Read(ref _held).Task;

    /// <returns>Ends when so many have been counted from now on.</returns>
    public static Task ReleaseAsync(int count)
    {
        Volatile.Write(ref _all, New());
        Volatile.Write(ref _left, count);
        Volatile.Read(ref _go).TrySetResult();
        return Volatile.Read(ref _all).Task;
    }

    private static async Task AfterAsync(Task go)
    {
        await go;
        Count();
    }

    private static void Count()
    {
        if (Interlocked.Decrement(ref _left) == 0)
        {
            Volatile.Read(ref _all).TrySetResult();
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
