using System.Globalization;
using Heal.DurableTask.Simulation.Tests;

// Usage: Heal.DurableTask.Simulation.Tests SEEDS [FIRST]   runs that many seeds, from the first (default 1)
//        Heal.DurableTask.Simulation.Tests --seed SEED     runs one and prints what happens
if (args is ["--seed", var single])
{
    return Campaign.Replay(int.Parse(single, CultureInfo.InvariantCulture), Console.Out);
}

int seeds = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 2000;
int first = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 1;
return Campaign.Run(seeds, first, Console.Out).Count == 0 ? 0 : 1;
