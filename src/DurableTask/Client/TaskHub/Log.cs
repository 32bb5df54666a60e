using DurableTask.Core;
using Microsoft.Extensions.Logging;

namespace Microsoft.DurableTask.Client;

internal static partial class Log
{
    [LoggerMessage(
        EventId = 700,
        Level = LogLevel.Information,
        Message = "Terminating instance '{InstanceId}' ({Status}) to replace it by a new one with the same id")]
    public static partial void ReplacingInstance(ILogger logger, string instanceId, OrchestrationStatus status);
}
