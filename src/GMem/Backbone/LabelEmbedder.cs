using TorchSharp;
using TorchSharp.Modules;

namespace GMem.Backbone;

/// <summary>One vector for each class label and, where labels are dropped in training, one for the null label.</summary>
internal sealed class LabelEmbedder : torch.nn.Module
{
    public readonly Table embedding_table;

    public LabelEmbedder(SiTOptions options, torch.Device device, torch.ScalarType dtype)
        : base(nameof(LabelEmbedder))
    {
        embedding_table = new Table(options.ClassCount + (options.HasNullLabel ? 1 : 0), options.HiddenSize, device, dtype);
        RegisterComponents();
    }

    /// <summary>Labels <c>[B]</c> to <c>[B, D]</c>.</summary>
    public torch.Tensor forward(torch.Tensor labels) => embedding_table.weight.index_select(0, labels);

    /// <summary>The vectors, under the name of an embedding layer.</summary>
    internal sealed class Table : torch.nn.Module
    {
        public readonly Parameter weight;

        public Table(long rows, long hidden, torch.Device device, torch.ScalarType dtype)
            : base(nameof(Table))
        {
            weight = Linear.Unset([rows, hidden], device, dtype);
            RegisterComponents();
        }
    }
}
