using System.Globalization;
using Newtonsoft.Json.Linq;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Heal.Healing;

/// <summary>
/// A YAML document as JSON, with the place in the text of every value. Only what JSON can say: no aliases, no tags, no several documents.
/// </summary>
internal sealed class YamlDocumentReader
{
    private const int MaxDepth = 20;
    private const int MaxNodes = 5_000;
    private readonly string _file;
    private readonly Dictionary<string, Mark> _marks = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Mark> _keys = new(StringComparer.Ordinal);
    private readonly HashSet<YamlNode> _seen = new(ReferenceEqualityComparer.Instance);

    private YamlDocumentReader(string file) => _file = file;

    public List<WorkflowFault> Faults { get; } = [];

    /// <summary>Null when there are faults.</summary>
    public JObject? Root { get; private set; }

    public static YamlDocumentReader Read(string file, string text)
    {
        var reader = new YamlDocumentReader(file);
        using var input = new StringReader(text);
        var parser = new Parser(input);
        try
        {
            var stream = new YamlStream();
            stream.Load(parser);
            reader.ReadRoot(stream);
        }
        catch (YamlException e)
        {
            var message = e.InnerException is null ? e.Message : $"{e.Message}: {e.InnerException.Message}";
            reader.Faults.Add(
                new WorkflowFault(file, Math.Max(1, (int)e.Start.Line), Math.Max(1, (int)e.Start.Column), "", SafeText.Line(message, 300)));
        }
        catch (InvalidOperationException)
        {
            // How the parser says that brackets are left open, for example.
            var at = parser.Current?.End ?? Mark.Empty;
            reader.Faults.Add(new WorkflowFault(
                file, Math.Max(1, (int)at.Line), Math.Max(1, (int)at.Column), "", "expected YAML, got text that breaks off near here"));
        }

        return reader;
    }

    /// <summary>The fault at a path of the document; at the nearest parent when the path itself is not there.</summary>
    /// <param name="atKey">The name is at fault, not the value.</param>
    public WorkflowFault Fault(string path, string message, bool atKey = false)
    {
        if (atKey && _keys.TryGetValue(path, out var key)) return new WorkflowFault(_file, (int)key.Line, (int)key.Column, path, message);
        for (var at = path; ; at = Parent(at))
        {
            if (_marks.TryGetValue(at, out var mark)) return new WorkflowFault(_file, (int)mark.Line, (int)mark.Column, path, message);
            if (at.Length == 0) return new WorkflowFault(_file, 1, 1, path, message);
        }
    }

    private static string Parent(string path) => path.LastIndexOfAny(['.', '[']) is >= 0 and var at ? path[..at] : "";

    private void ReadRoot(YamlStream stream)
    {
        if (stream.Documents.Count != 1)
        {
            Faults.Add(new WorkflowFault(_file, 1, 1, "", $"expected one document, got {stream.Documents.Count}"));
            return;
        }

        var root = stream.Documents[0].RootNode;
        var token = Convert(root, depth: 0);
        if (token is not JObject fields)
        {
            Faults.Add(new WorkflowFault(_file, (int)root.Start.Line, (int)root.Start.Column, "",
                "expected a workflow: a mapping with name, version, alerts, actions ..."));
            return;
        }

        Locate(root, fields);
        if (Faults.Count == 0) Root = fields;
    }

    private JToken Convert(YamlNode node, int depth)
    {
        // An alias is the same node again: refused, because it can blow a small file up without bounds.
        if (!_seen.Add(node)) return Refuse(node, "expected plain values, got one that is used twice (&name, *name); write it out");
        if (depth > MaxDepth || _seen.Count > MaxNodes) return Refuse(node, $"expected at most {MaxDepth} levels and {MaxNodes} values");
        switch (node)
        {
            case YamlMappingNode mapping:
                var fields = new JObject();
                foreach (var (key, value) in mapping.Children)
                {
                    if (key is YamlScalarNode { Value: { } name }) fields[name] = Convert(value, depth + 1);
                    else Refuse(key, "expected text as a key");
                }

                return fields;
            case YamlSequenceNode sequence:
                return new JArray(sequence.Children.Select(child => Convert(child, depth + 1)));
            default:
                return Scalar((YamlScalarNode)node);
        }
    }

    private JValue Refuse(YamlNode node, string message)
    {
        if (Faults.Count == 0) Faults.Add(new WorkflowFault(_file, (int)node.Start.Line, (int)node.Start.Column, "", message));
        return JValue.CreateNull();
    }

    // The scalars of YAML's JSON schema; everything else that is not quoted is text.
    private static JValue Scalar(YamlScalarNode scalar)
    {
        var text = scalar.Value ?? "";
        if (scalar.Style is not (ScalarStyle.Plain or ScalarStyle.Any)) return new JValue(text);
        if (text is "" or "~" or "null") return JValue.CreateNull();
        if (text is "true" or "false") return new JValue(text == "true");
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole)) return new JValue(whole);
        const NumberStyles Decimal = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint;
        return double.TryParse(text, Decimal, CultureInfo.InvariantCulture, out var number) ? new JValue(number) : new JValue(text);
    }

    private void Locate(YamlNode node, JToken token)
    {
        _marks[token.Path] = node.Start;
        if (node is YamlMappingNode mapping && token is JObject fields)
        {
            foreach (var (key, value) in mapping.Children)
            {
                if (key is not YamlScalarNode { Value: { } name } || fields[name] is not { } child) continue;
                Locate(value, child);
                _keys[child.Path] = key.Start;

                // For a container the place of its key says more than the place of its first item.
                if (value is not YamlScalarNode) _marks[child.Path] = key.Start;
            }
        }
        else if (node is YamlSequenceNode sequence && token is JArray items)
        {
            for (var i = 0; i < sequence.Children.Count && i < items.Count; i++) Locate(sequence.Children[i], items[i]);
        }
    }
}
