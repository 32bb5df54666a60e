namespace Microsoft.DurableTask.Analyzers.Orchestration;

/// <summary>DURABLE0005: network, files, databases, processes, and the client of the task hub.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class IOOrchestrationAnalyzer : ForbiddenApiAnalyzer
{
    /// <summary>The rule's id.</summary>
    public const string DiagnosticId = "DURABLE0005";

    private static readonly DiagnosticDescriptor Io = Forbid(
        DiagnosticId, "An orchestrator does I/O", "a replay does it again, with another result; do it in an activity");

    private static readonly HashSet<string> Types = new(StringComparer.Ordinal)
    {
        "System.Net.Http.HttpMessageInvoker",
        "System.Net.Http.IHttpClientFactory",
        "System.Net.WebRequest",
        "System.Net.WebClient",
        "System.Net.Dns",
        "System.Net.Mail.SmtpClient",
        "System.Net.Sockets.Socket",
        "System.Net.Sockets.TcpClient",
        "System.Net.Sockets.UdpClient",
        "System.Net.WebSockets.WebSocket",
        "System.IO.File",
        "System.IO.Directory",
        "System.IO.FileSystemInfo",
        "System.IO.FileStream",
        "System.Data.Common.DbConnection",
        "System.Data.Common.DbCommand",
        "System.Data.Common.DbDataSource",
        "System.Diagnostics.Process",
        "Microsoft.Azure.Cosmos.CosmosClient",
        "Microsoft.Azure.Cosmos.Container",
        "Microsoft.EntityFrameworkCore.DbContext",
        "Microsoft.DurableTask.Client.DurableTaskClient",
    };

    private protected override DiagnosticDescriptor Descriptor => Io;

    private protected override string? ApiOf(IOperation operation) => operation switch
    {
        IObjectCreationOperation { Type: { } type } when DoesIo(type) => type.ShortName(),
        IInvocationOperation call when ReceiverOf(call) is { } type && DoesIo(type) => type.ShortName(),
        IPropertyReferenceOperation { Property: { ContainingType: var type } } when DoesIo(type) => type.ShortName(),
        _ => null,
    };

    private static ITypeSymbol? ReceiverOf(IInvocationOperation call) =>
        call.TargetMethod.IsExtensionMethod && call.Arguments.Length > 0 ? call.Arguments[0].Value.Unconverted().Type
        : call.Instance?.Type ?? call.TargetMethod.ContainingType;

    private static bool DoesIo(ITypeSymbol type)
    {
        if (type is INamedTypeSymbol { TypeKind: TypeKind.Interface }) return Types.Contains(FullName(type));
        for (var current = type; current is not null && current.SpecialType != SpecialType.System_Object; current = current.BaseType)
        {
            var name = FullName(current);
            if (Types.Contains(name) || IsAzureClient(name)) return true;
        }

        return false;
    }

    // BlobClient, QueueServiceClient, TableClient, ServiceBusSender and their many kin
    private static bool IsAzureClient(string name) =>
        (name.StartsWith("Azure.Storage.", StringComparison.Ordinal)
            || name.StartsWith("Azure.Data.", StringComparison.Ordinal)
            || name.StartsWith("Azure.Messaging.", StringComparison.Ordinal)
            || name.StartsWith("Azure.Security.", StringComparison.Ordinal))
        && (name.EndsWith("Client", StringComparison.Ordinal)
            || name.EndsWith("Sender", StringComparison.Ordinal)
            || name.EndsWith("Receiver", StringComparison.Ordinal));
}
