namespace Heal.Cli;

/// <summary>Rows in columns. On a terminal the widest columns give way until a row fits on a line; elsewhere nothing is cut.</summary>
internal sealed class Table(params string[] headings)
{
    private const int Gap = 2;
    private const int NarrowestCut = 8;
    private readonly List<(string[] Cells, Colour Colour)> _rows = [];

    /// <param name="colour">Of the row's second cell, which says how it is.</param>
    public void Add(Colour colour, params string[] cells) => _rows.Add((cells, colour));

    public void Add(params string[] cells) => Add(Colour.None, cells);

    /// <param name="none">Said, on the errors, when there are no rows.</param>
    public void Write(Screen screen, string none)
    {
        if (_rows.Count == 0)
        {
            screen.Note(none);
            return;
        }

        int[] widths = [.. headings.Select((heading, i) => Math.Max(heading.Length, _rows.Max(row => row.Cells[i].Length)))];
        if (screen.Width is { } room) Fit(widths, room);
        screen.Line(Row(screen, headings, widths, Colour.None));
        foreach ((string[] cells, Colour colour) in _rows) screen.Line(Row(screen, cells, widths, colour));
    }

    private static void Fit(int[] widths, int room)
    {
        while (widths.Sum() + (Gap * (widths.Length - 1)) > room)
        {
            int widest = Array.IndexOf(widths, widths.Max());
            if (widths[widest] <= NarrowestCut) return;
            widths[widest]--;
        }
    }

    private static string Row(Screen screen, string[] cells, int[] widths, Colour colour)
    {
        IEnumerable<string> parts = cells.Select((cell, i) =>
        {
            string text = cell.Length > widths[i] ? $"{cell[..(widths[i] - 1)]}…" : cell;
            string padding = i == cells.Length - 1 ? "" : new string(' ', widths[i] - text.Length);
            return screen.Paint(text, i == 1 ? colour : Colour.None) + padding;
        });
        return string.Join(new string(' ', Gap), parts).TrimEnd();
    }
}

/// <summary>Names and values below each other. What has no value is left out.</summary>
internal sealed class Facts
{
    private readonly List<(string Name, string Value)> _facts = [];

    public Facts Add(string name, string value)
    {
        if (value.Length > 0) _facts.Add((name, value));
        return this;
    }

    public Facts Add(string name, Part value) => Add(name, value.Text);

    public void Write(Screen screen)
    {
        if (_facts.Count == 0) return;
        int width = _facts.Max(fact => fact.Name.Length) + 2;
        foreach ((string name, string value) in _facts) screen.Line(name.PadRight(width) + value);
    }
}
