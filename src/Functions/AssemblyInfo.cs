using System.Runtime.CompilerServices;

// What triggers start in the background is tested and measured without a host around it.
[assembly: InternalsVisibleTo("Heal.Functions.Tests")]
[assembly: InternalsVisibleTo("Heal.Bench.Kubernetes")]
