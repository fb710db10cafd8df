using System.IO.Enumeration;
using System.Text.RegularExpressions;
using GMem.Backbone;
using Linear = GMem.Backbone.Linear;

namespace GMem.Training;

/// <summary>
/// What of a network a run trains. It is decided here, once: gradients, optimizer, averages and checkpoints know the parameters alone that
/// require a gradient.
/// </summary>
internal static partial class TrainedParts
{
    /// <summary>Freezes what the options say, or adds an adapter and freezes all else.</summary>
    /// <param name="network">The network, with its initial weights; one without values is only given the shapes.</param>
    /// <param name="options">The run.</param>
    /// <exception cref="ArgumentException">
    /// A pattern fits no name, nothing is left to train, or the rank is larger than a layer; the message says which.
    /// </exception>
    public static void Select(SiT network, TrainingOptions options)
    {
        if (options.Adapter is { } adapter)
        {
            IReadOnlyList<(string Name, Linear Layer)> layers = network.LinearLayers();
            HashSet<string> chosen = Matches(
                $"{nameof(options.Adapter)}.{nameof(adapter.Layers)}", adapter.Layers, layers.Select(l => l.Name));
            Freeze(network, _ => true);
            using torch.Generator generator = RandomStream.Create(options.Seed, RandomPurpose.Weights);
            foreach ((string name, Linear layer) in layers.Where(l => chosen.Contains(l.Name)))
            {
                AddAdapter(name, layer, adapter, generator);
            }
        }
        else if (options.Freeze.Count > 0)
        {
            HashSet<string> frozen = Matches(
                nameof(options.Freeze), options.Freeze, network.TrainableParameters().Select(p => p.Name));
            Freeze(network, frozen.Contains);
            if (network.TrainableParameters().Count == 0)
            {
                throw new ArgumentException(
                    $"{nameof(options.Freeze)} freezes all {frozen.Count} parameters of the network; leave something to train.");
            }
        }
    }

    private static void Freeze(SiT network, Func<string, bool> which)
    {
        foreach ((string name, Parameter parameter) in network.TrainableParameters())
        {
            parameter.requires_grad = !which(name);
        }
    }

    private static void AddAdapter(string name, Linear layer, LowRankAdapterOptions options, torch.Generator generator)
    {
        long most = Math.Min(layer.weight.shape[0], layer.weight.shape[1]);
        if (options.Rank > most)
        {
            throw new ArgumentException(
                $"{nameof(options.Rank)} of the adapter is {options.Rank}, but the weights of the layer '{name}' are "
                    + $"[{string.Join(", ", layer.weight.shape)}]: choose a rank of at most {most}, or leave the layer out of "
                    + $"{nameof(options.Layers)}.");
        }

        layer.AddAdapter(options.Rank, options.ResolvedAlpha / options.Rank, generator);
    }

    /// <returns>The names that at least one pattern fits.</returns>
    private static HashSet<string> Matches(string option, IEnumerable<string> patterns, IEnumerable<string> names)
    {
        string[] all = [.. names];
        HashSet<string> chosen = new(StringComparer.Ordinal);
        foreach (string pattern in patterns)
        {
            string[] fitting = [.. all.Where(name => FileSystemName.MatchesSimpleExpression(pattern, name, ignoreCase: false))];
            chosen.UnionWith(fitting.Length > 0 ? fitting : throw new ArgumentException(
                $"{option} has the pattern '{pattern}', which fits none of the names: "
                    + $"{string.Join(", ", all.Select(name => Block().Replace(name, "blocks.*.")).Distinct())}."));
        }

        return chosen;
    }

    [GeneratedRegex(@"^blocks\.\d+\.")]
    private static partial Regex Block();
}
