namespace Heal.DurableTask.Kills.Tests.Programs;

/// <summary>Lets changes through, 64 at a time, until it is closed: then none is on its way.</summary>
internal sealed class ChangeGate : IDisposable
{
    private const int Places = 64;

    private readonly SemaphoreSlim _free = new(Places);

    /// <returns>To be disposed when the change was answered.</returns>
    public async Task<IDisposable> EnterAsync()
    {
        await _free.WaitAsync();
        return new Place(_free, 1);
    }

    /// <returns>To be disposed when changes may go on. Not for two callers at a time.</returns>
    public async Task<IDisposable> CloseAsync()
    {
        for (int taken = 0; taken < Places; taken++)
        {
            await _free.WaitAsync();
        }

        return new Place(_free, Places);
    }

    public void Dispose() => _free.Dispose();

    private sealed class Place(SemaphoreSlim free, int count) : IDisposable
    {
        public void Dispose() => free.Release(count);
    }
}
