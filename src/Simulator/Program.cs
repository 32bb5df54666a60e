using System.Runtime.InteropServices;
using Heal.Simulator;
using Heal.Simulator.Api;

try
{
    var line = CommandLine.Parse(args);
    if (line.Help)
    {
        Console.WriteLine(CommandLine.Usage);
        return 0;
    }
    using var end = new CancellationTokenSource();
    using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
    using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
    await using var server = await SimulatorServer.StartAsync(line.Options, end.Token);
    if (line.KubeconfigPath is { } path)
        await File.WriteAllTextAsync(path, Kubeconfig.For(server.Url, line.Options.Token), end.Token);
    Console.WriteLine($"simulator: listening on {server.Url}, speed {line.Options.Speed}; Ctrl-C ends it");
    var ended = new TaskCompletionSource();
    await using var registration = end.Token.Register(ended.SetResult);
    await ended.Task;
    return 0;

    void Stop(System.Runtime.InteropServices.PosixSignalContext context)
    {
        context.Cancel = true;
        end.Cancel();
    }
}
catch (Exception e) when (e is CommandLineException
    or SimulatorOptionsException or IOException or UnauthorizedAccessException or ApiException)
{
    await Console.Error.WriteLineAsync($"simulator: {e.Message}");
    return 2;
}
