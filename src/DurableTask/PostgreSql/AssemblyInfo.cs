using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Heal.DurableTask.Hubs.Tests")]
