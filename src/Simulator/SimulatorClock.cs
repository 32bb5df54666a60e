using Heal.Simulator.Objects;

namespace Heal.Simulator;

/// <summary>
/// The only clock of the simulator. Timestamps are real time; every wait of the simulated cluster (back-off, deadlines, start-up)
/// is divided by the speed factor, so that a ten-minute deadline passes in six seconds at speed 100.
/// </summary>
internal sealed class SimulatorClock(TimeProvider time, double speed)
{
    public TimeProvider Time { get; } = time;

    public DateTimeOffset Now => Time.GetUtcNow();

    public TimeSpan Scale(TimeSpan simulated) => simulated / speed;

    public TimeSpan ScaleSeconds(double simulatedSeconds) => TimeSpan.FromSeconds(simulatedSeconds) / speed;

    public string Timestamp() => Now.Timestamp();
}
