using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Heal.Healing.Tests")]
