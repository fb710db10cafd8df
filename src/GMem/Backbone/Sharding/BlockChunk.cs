namespace GMem.Backbone.Sharding;

/// <summary>The chunks of a block's modulation, in their order, each <c>[B, D]</c>. A scale follows its shift.</summary>
internal enum BlockChunk
{
    Shift1,
    Scale1,
    Gate1,
    Shift2,
    Scale2,
    Gate2,
    Count,
}
