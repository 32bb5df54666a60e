using System.Runtime.CompilerServices;

// What triggers start in the background is tested without a host around it.
[assembly: InternalsVisibleTo("Heal.Functions.Tests")]
