using Microsoft.Extensions.Logging;

namespace Heal.Simulator;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Error, "Controller {Controller} failed on {Namespace}/{Name}; it is tried again")]
    public static partial void ControllerFailed(this ILogger logger, Exception error, string controller, string @namespace, string name);

    [LoggerMessage(2, LogLevel.Critical, "The controllers have stopped")]
    public static partial void ControllersStopped(this ILogger logger, Exception error);
}
