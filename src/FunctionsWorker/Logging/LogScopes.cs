using System.Collections;

namespace Microsoft.Azure.Functions.Worker.Logging;

/// <summary>What every log line of a request carries.</summary>
internal sealed class RequestScope(string correlationId) : IReadOnlyList<KeyValuePair<string, object?>>
{
    public int Count => 1;

    public KeyValuePair<string, object?> this[int index] =>
        index == 0 ? new("CorrelationId", correlationId) : throw new ArgumentOutOfRangeException(nameof(index));

    public IEnumerator<KeyValuePair<string, object?>> GetEnumerator()
    {
        yield return this[0];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public override string ToString() => $"CorrelationId:{correlationId}";
}

/// <summary>What every log line of an invocation carries.</summary>
internal sealed class InvocationScope(string function, string invocationId, string correlationId)
    : IReadOnlyList<KeyValuePair<string, object?>>
{
    public int Count => 3;

    public KeyValuePair<string, object?> this[int index] => index switch
    {
        0 => new("FunctionName", function),
        1 => new("InvocationId", invocationId),
        2 => new("CorrelationId", correlationId),
        _ => throw new ArgumentOutOfRangeException(nameof(index)),
    };

    public IEnumerator<KeyValuePair<string, object?>> GetEnumerator()
    {
        yield return this[0];
        yield return this[1];
        yield return this[2];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public override string ToString() =>
        $"FunctionName:{function}, InvocationId:{invocationId}, CorrelationId:{correlationId}";
}
