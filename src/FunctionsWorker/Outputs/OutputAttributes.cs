using Microsoft.Azure.Functions.Worker.Extensions.Abstractions;

namespace Microsoft.Azure.Functions.Worker;

/// <summary>
/// Sends what the function returned, or this property of what it returned, as messages to an Azure Storage queue: text, bytes
/// (<see cref="BinaryData"/>, byte[]), anything else as JSON; of an array or list one message each; null is none. Sent when function and
/// middleware have succeeded, before the caller is answered or the trigger's message is deleted: at least once, since what failed after
/// a message was sent runs again. What cannot be sent fails the invocation. The queue is created when it is missing; <c>%setting%</c>
/// is resolved. At most 1,000 messages per invocation and output, each of at most 64 KiB as it is stored.
/// </summary>
[AttributeUsage(AttributeTargets.Method | AttributeTargets.Property | AttributeTargets.ReturnValue)]
public sealed class QueueOutputAttribute(string queueName) : OutputBindingAttribute
{
    public string QueueName { get; } = queueName;

    /// <summary>Name of the setting that holds the connection string, or of the section that says how to reach the account by an
    /// identity. Default: <c>AzureWebJobsStorage</c>.</summary>
    public string? Connection { get; set; }
}

/// <summary>This property of what the function returned is the reply to the request: IActionResult, IResult, HttpResponseData, text, or
/// anything else as JSON. Needless on a property of one of the first three types.</summary>
[AttributeUsage(AttributeTargets.Method | AttributeTargets.Property | AttributeTargets.ReturnValue)]
public sealed class HttpResultAttribute : OutputBindingAttribute
{
}
