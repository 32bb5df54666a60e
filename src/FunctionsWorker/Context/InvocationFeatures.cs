using System.Collections;

namespace Microsoft.Azure.Functions.Worker;

/// <summary>Objects of this invocation, one per type.</summary>
public interface IInvocationFeatures : IEnumerable<KeyValuePair<Type, object>>
{
    /// <summary>Sets the object of type <typeparamref name="T"/>; null removes it.</summary>
    void Set<T>(T? instance);

    T? Get<T>();
}

/// <summary>A handful of objects, found by looking at each: for so few that is smaller and faster than a table.</summary>
internal sealed class InvocationFeatures(FunctionContext context) : IInvocationFeatures
{
    // Room for what the host itself sets, and a few more.
    private KeyValuePair<Type, object>[] _features = new KeyValuePair<Type, object>[6];
    private int _count;

    public void Set<T>(T? instance)
    {
        int index = IndexOf(typeof(T));
        if (instance is null)
        {
            Remove(index);
            return;
        }

        if (index < 0)
        {
            index = _count++;
            if (index == _features.Length)
            {
                Array.Resize(ref _features, index * 2);
            }
        }

        _features[index] = new(typeof(T), instance);
    }

    public T? Get<T>() => IndexOf(typeof(T)) is >= 0 and int index ? (T)_features[index].Value
        : typeof(T) == typeof(FunctionInvocation) ? (T)(object)new ContextInvocation(context)
        : default;

    public IEnumerator<KeyValuePair<Type, object>> GetEnumerator() => _features.Take(_count).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private int IndexOf(Type type)
    {
        for (int i = 0; i < _count; i++)
        {
            if (_features[i].Key == type)
            {
                return i;
            }
        }

        return -1;
    }

    private void Remove(int index)
    {
        if (index >= 0)
        {
            _features[index] = _features[--_count];
            _features[_count] = default;
        }
    }
}
