using Azure;
using Azure.Core.Serialization;
using Azure.Storage.Queues;
using Azure.Storage.Queues.Models;
using Microsoft.Azure.Functions.Worker.Configuration;
using Microsoft.Azure.Functions.Worker.Discovery;
using Microsoft.Azure.Functions.Worker.Invocation;
using Microsoft.Azure.Functions.Worker.Queues;
using Microsoft.Extensions.Options;

namespace Microsoft.Azure.Functions.Worker.Outputs;

/// <summary>
/// Hands the outputs of an invocation that succeeded on to their queues, in order, and before anybody is told of the success. At least
/// once: when a later message fails, the earlier ones are sent, and the invocation has failed. That an HTTP caller has left
/// changes nothing: nobody would call again, and what the function did is done.
/// </summary>
internal sealed class OutputSender(
    QueueOutputs queues, MessageTraces traces, HostSettings settings, HostDrain drain, IOptions<WorkerOptions> options)
{
    private readonly ObjectSerializer _serializer = options.Value.Serializer!;

    /// <exception cref="FunctionWorkerException">A message could not be sent.</exception>
    /// <exception cref="InvalidOperationException">Too many messages, or one that is too large; none was sent.</exception>
    public ValueTask SendAsync(FunctionDescriptor function, FunctionContext context)
    {
        OutputValues.Split(context);
        return queues.ByFunction.TryGetValue(function, out QueueOutput[]? outputs) ? SendAsync(function, outputs, context) : default;
    }

    private async ValueTask SendAsync(FunctionDescriptor function, QueueOutput[] outputs, FunctionContext context)
    {
        // All are made before one is sent: a value that is no message should not leave half of the others behind.
        var bodies = outputs.Select(o => QueueMessages.Of(
            OutputValues.ValueOf(o.Output, context),
            settings.Queues.MessageEncoding,
            _serializer,
            $"Output {o.Output.Name} of function '{function.Name}'")).ToArray();
        // A trigger that comes again does so when its lease is lost, or the host must end: those tokens are kept.
        CancellationToken token = function.Trigger is HttpTriggerAttribute ? drain.InvocationsAbandoned : context.CancellationToken;
        for (int i = 0; i < outputs.Length; i++)
        {
            foreach (BinaryData body in bodies[i])
            {
                await SendAsync(function, outputs[i], body, token);
            }
        }
    }

    private async Task SendAsync(FunctionDescriptor function, QueueOutput output, BinaryData body, CancellationToken token)
    {
        QueueClient queue = output.Queue;
        try
        {
            SendReceipt sent;
            try
            {
                sent = await queue.SendMessageAsync(body, visibilityTimeout: null, timeToLive: null, token);
            }
            catch (RequestFailedException exception) when (exception.ErrorCode == "QueueNotFound")
            {
                await queue.CreateIfNotExistsAsync(metadata: null, token);
                sent = await queue.SendMessageAsync(body, visibilityTimeout: null, timeToLive: null, token);
            }

            traces.Sent(sent.MessageId);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            throw new FunctionWorkerException(
                $"Function '{function.Name}' succeeded, but its output {output.Output.Name} could not be sent to queue '{queue.Name}': "
                    + StorageFault.Of(exception, output.Connection), exception);
        }
    }
}
