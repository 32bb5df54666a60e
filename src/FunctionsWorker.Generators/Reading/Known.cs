namespace Microsoft.Azure.Functions.Worker.Sdk.Generators.Reading;

/// <summary>Names of the host's types.</summary>
internal static class Known
{
    public const string HostAssembly = "Microsoft.Azure.Functions.Worker";
    public const string TaskNamespace = "Microsoft.DurableTask";
    public const string DurableTask = "Microsoft.DurableTask.DurableTaskAttribute";
    public const string OrchestrationContext = "Microsoft.DurableTask.TaskOrchestrationContext";
    public const string Client = "Microsoft.DurableTask.Client.DurableTaskClient";

    public const string Function = Worker + "FunctionAttribute";
    public const string FunctionList = Worker + "Discovery.FunctionList";
    public const string FunctionContext = Worker + "FunctionContext";
    public const string TimerInfo = Worker + "TimerInfo";
    public const string EntityDispatcher = Worker + "TaskEntityDispatcher";
    public const string HttpRequestData = Worker + "Http.HttpRequestData";
    public const string HttpResponseData = Worker + "Http.HttpResponseData";
    public const string AspNetCoreRequest = "Microsoft.AspNetCore.Http.HttpRequest";
    public const string AspNetCoreContext = "Microsoft.AspNetCore.Http.HttpContext";
    public const string AspNetCoreResult = "Microsoft.AspNetCore.Http.IResult";
    public const string AspNetCoreActionResult = "Microsoft.AspNetCore.Mvc.IActionResult";

    public const string HttpTrigger = Worker + "HttpTriggerAttribute";
    public const string TimerTrigger = Worker + "TimerTriggerAttribute";
    public const string QueueTrigger = Worker + "QueueTriggerAttribute";
    public const string OrchestrationTrigger = Worker + "OrchestrationTriggerAttribute";
    public const string ActivityTrigger = Worker + "ActivityTriggerAttribute";
    public const string EntityTrigger = Worker + "EntityTriggerAttribute";
    public const string DurableClient = Worker + "DurableClientAttribute";
    public const string QueueOutput = Worker + "QueueOutputAttribute";
    public const string HttpResult = Worker + "HttpResultAttribute";
    public const string Retry = Worker + "RetryAttribute";

    public const string Binding = Worker + "Extensions.Abstractions.BindingAttribute";
    public const string TriggerBinding = Worker + "Extensions.Abstractions.TriggerBindingAttribute";
    public const string OutputBinding = Worker + "Extensions.Abstractions.OutputBindingAttribute";
    public const string InputConverter = Worker + "Converters.InputConverterAttribute";

    private const string Worker = "Microsoft.Azure.Functions.Worker.";
}
