using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Microsoft.DurableTask.Worker.Dispatch;

/// <summary>The end of the scopes of activities and of batches of entities.</summary>
internal static partial class WorkScopes
{
    /// <summary>Disposes of a scope when its work is done. What a service throws then is the host's fault and changes nothing about
    /// that.</summary>
    public static async ValueTask EndAsync(this AsyncServiceScope scope, ILogger logger, string id)
    {
        try
        {
            await scope.DisposeAsync();
        }
        catch (Exception own)
        {
            Log.NotDisposed(logger, own, id);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 615, Level = LogLevel.Warning,
            Message = "'{Id}': a scoped service threw when it was disposed of.")]
        public static partial void NotDisposed(ILogger logger, Exception exception, string id);
    }
}
