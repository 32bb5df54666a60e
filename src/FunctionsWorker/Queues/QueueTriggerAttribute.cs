using Microsoft.Azure.Functions.Worker.Extensions.Abstractions;

namespace Microsoft.Azure.Functions.Worker;

/// <summary>
/// Starts the function for each message of an Azure Storage queue: at least once, so be idempotent. After <c>maxDequeueCount</c> failures
/// the message goes to <c>{queue}-poison</c>. The queue is created when it is missing. <c>%setting%</c> is resolved.
/// </summary>
[AttributeUsage(AttributeTargets.Parameter)]
public sealed class QueueTriggerAttribute(string queueName) : TriggerBindingAttribute
{
    public string QueueName { get; } = queueName;

    /// <summary>Name of the setting that holds the connection string. Default: <c>AzureWebJobsStorage</c>.</summary>
    public string? Connection { get; set; }
}
