using GMem.Runtime;
using TorchSharp;

namespace GMem.Backbone.Sharding;

/// <summary>Some heads of a self-attention without rotary embedding and without norms of queries and keys.</summary>
internal sealed class AttentionShard : BranchShard
{
    private readonly LinearShard _query;
    private readonly LinearShard _key;
    private readonly LinearShard _value;
    private readonly LinearShard _out;
    private readonly long _heads;
    private readonly double _scale;

    public AttentionShard(Attention attention, int heads, int index, int count)
    {
        long width = attention.proj.weight.shape[0], head = width / heads;
        long begin = (long)heads * index / count;
        _heads = ((long)heads * (index + 1) / count) - begin;
        _scale = 1 / Math.Sqrt(head);
        (long first, long own) = (begin * head, _heads * head);
        _query = Outputs(attention.qkv, first, own);
        _key = Outputs(attention.qkv, width + first, own);
        _value = Outputs(attention.qkv, (2 * width) + first, own);
        _out = Inputs(attention.proj, first, own, withBias: index == 0);
    }

    public override torch.Tensor Forward(torch.Tensor x, out torch.Tensor[] kept)
    {
        long batch = x.shape[0];
        torch.Tensor rows = x.view(-1, x.shape[^1]);
        torch.Tensor query = ToHeads(_query.Forward(rows).TimesInPlace(_scale), batch), key = ToHeads(_key.Forward(rows), batch), value = ToHeads(_value.Forward(rows), batch);
        torch.Tensor weights = query.bmm(key.transpose(1, 2)).softmax(-1);
        torch.Tensor mixed = ToRows(weights.bmm(value), batch);
        kept = Keep(rows, query, key, value, weights, mixed);
        return _out.Forward(mixed);
    }

    public override torch.Tensor Backward(torch.Tensor gradient, torch.Tensor[] kept, List<WeightGradient> later)
    {
        (torch.Tensor rows, torch.Tensor query, torch.Tensor key, torch.Tensor value, torch.Tensor weights, torch.Tensor mixed) = (kept[0], kept[1], kept[2], kept[3], kept[4], kept[5]);
        long batch = query.shape[0] / _heads;
        torch.Tensor ofMixed = ToHeads(_out.Input(gradient), batch);
        torch.Tensor ofValue = weights.transpose(1, 2).bmm(ofMixed);

        // Softmax: w (g - sum(w g)).
        torch.Tensor ofWeights = ofMixed.bmm(value.transpose(1, 2));
        torch.Tensor product = weights * ofWeights;
        torch.Tensor ofScores = product.PlusProduct(weights, product.sum([-1L], keepdim: true).neg());
        torch.Tensor[] gradients = [.. new[] { ofScores.bmm(key).TimesInPlace(_scale), ofScores.transpose(1, 2).bmm(query), ofValue }.Select(g => ToRows(g, batch))];
        LinearShard[] layers = [_query, _key, _value];
        torch.Tensor ofRows = layers[0].Input(gradients[0]);
        layers[1].AddInput(ofRows, gradients[1]);
        layers[2].AddInput(ofRows, gradients[2]);
        later.AddRange([new(_out, gradient, mixed), .. layers.Zip(gradients, (layer, of) => new WeightGradient(layer, of, rows))]);
        return ofRows;
    }

    /// <summary><c>[B T, heads head]</c> to <c>[B heads, T, head]</c>.</summary>
    private torch.Tensor ToHeads(torch.Tensor rows, long batch) =>
        rows.view(batch, rows.shape[0] / batch, _heads, -1).transpose(1, 2).flatten(0, 1);

    /// <summary><c>[B heads, T, head]</c> to <c>[B T, heads head]</c>.</summary>
    private torch.Tensor ToRows(torch.Tensor heads, long batch) =>
        heads.view(batch, _heads, heads.shape[1], heads.shape[2]).transpose(1, 2).reshape(batch * heads.shape[1], -1);
}
