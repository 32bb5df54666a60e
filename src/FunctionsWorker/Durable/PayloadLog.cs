using System.Text;
using Microsoft.Azure.Functions.Worker.Configuration;
using Microsoft.Azure.Functions.Worker.Discovery;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;

namespace Microsoft.Azure.Functions.Worker;

/// <summary>
/// What durable functions take and give, and that they are replayed, in the log: only where <c>extensions.durableTask.tracing</c> of
/// host.json asks for it. Without <c>traceInputsAndOutputs</c> the size stands for the payload, which may hold secrets.
/// </summary>
internal sealed partial class PayloadLog(TracingSettings settings, DataConverter converter, ILoggerFactory loggers)
{
    /// <summary>Of a payload in the log; the rest is left out. Characters.</summary>
    public const int MaxLength = 4096;

    public bool WantsPayloads => settings.InputsAndOutputs;

    public void Began(FunctionDescriptor function, string instanceId, object? input, bool isReplay = false)
    {
        if (Wants(isReplay))
        {
            Log.Began(LoggerOf(function), function.Name, instanceId, isReplay, TextOf(input));
        }
    }

    public void Ended(FunctionDescriptor function, string instanceId, object? output, bool isReplay = false)
    {
        if (Wants(isReplay))
        {
            Log.Ended(LoggerOf(function), function.Name, instanceId, isReplay, TextOf(output));
        }
    }

    private bool Wants(bool isReplay) => isReplay ? settings.ReplayEvents : settings.InputsAndOutputs;

    private ILogger LoggerOf(FunctionDescriptor function) => loggers.CreateLogger(function.LogCategory);

    private string TextOf(object? payload)
    {
        string text = converter.Serialize(payload) ?? "null";
        return !settings.InputsAndOutputs ? $"({Encoding.UTF8.GetByteCount(text)} bytes)"
            : text.Length <= MaxLength ? text
            : $"{text[..MaxLength]}... ({text.Length} characters)";
    }

    private static partial class Log
    {
        [LoggerMessage(111, LogLevel.Information, "'{InstanceId}': {Function} began (replay: {IsReplay}), input {Input}")]
        public static partial void Began(ILogger logger, string function, string instanceId, bool isReplay, string input);

        [LoggerMessage(112, LogLevel.Information, "'{InstanceId}': {Function} ended (replay: {IsReplay}), output {Output}")]
        public static partial void Ended(ILogger logger, string function, string instanceId, bool isReplay, string output);
    }
}
