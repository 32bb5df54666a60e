using Microsoft.Azure.Functions.Worker.Converters;
using Microsoft.DurableTask.Client;

namespace Microsoft.Azure.Functions.Worker;

/// <summary>Fills <c>[DurableClient]</c> with the client of the host's hub, and remembers where its management links lead.</summary>
internal sealed class DurableClientConverter(DurableTaskClient client, ManagementLinks links) : IInputConverter
{
    public ValueTask<ConversionResult> ConvertAsync(ConverterContext context)
    {
        links.Attach(client);
        return ValueTask.FromResult(ConversionResult.Success(client));
    }
}
