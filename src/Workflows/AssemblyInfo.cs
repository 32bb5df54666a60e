using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Heal.Workflows.Tests")]
