namespace Heal.Drivers.Kubernetes.Transport;

/// <summary>
/// How many tries may be repeated, all calls of a cluster together: each call earns a part of a retry. When most calls fail, retries
/// would multiply the load of a server that is down already; a budget keeps them a fraction of it.
/// </summary>
internal sealed class RetryBudget
{
    private readonly Lock _lock = new();
    private readonly int _most;
    private readonly double _perCall;
    private double _left;

    public RetryBudget(int most, double perCall)
    {
        _most = most;
        _perCall = perCall;
        _left = most;
    }

    public void Earn()
    {
        lock (_lock)
            _left = Math.Min(_most, _left + _perCall);
    }

    public bool TrySpend()
    {
        lock (_lock)
        {
            if (_left < 1)
                return false;
            _left -= 1;
            return true;
        }
    }
}
