using System.Runtime.CompilerServices;

// The unit of the store and of the actions is below what other projects need to see.
[assembly: InternalsVisibleTo("Heal.Activities.Tests")]
[assembly: InternalsVisibleTo("Heal.Functions.Tests")]
[assembly: InternalsVisibleTo("Heal.Workflows.Tests")]
[assembly: InternalsVisibleTo("Heal.Bench.Kubernetes")]
