using System.Diagnostics;

namespace Microsoft.DurableTask.Worker.Tracing;

/// <summary>A span that ends with its scope. Its end throws nothing, whatever listeners do: what it tells of has happened.</summary>
/// <param name="activity">Null while nobody listens.</param>
internal readonly struct Span(Activity? activity) : IDisposable
{
    public Activity? Activity => activity;

    public static implicit operator Span(Activity? activity) => new(activity);

    public static implicit operator Activity?(Span span) => span.Activity;

    public void Dispose()
    {
        try
        {
            activity?.Dispose();
        }
        catch (Exception)
        {
            // The listener's own fault: it has missed a span.
        }
    }
}
