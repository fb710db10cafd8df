namespace GMem.Evaluation;

/// <summary>
/// Mixed_6b to Mixed_6e: 7x7 convolutions factorised into 1x7 and 7x1, and an average pool that excludes its padding.
/// </summary>
internal sealed class InceptionC : torch.nn.Module
{
    private readonly BasicConv2d branch1x1;
    private readonly BasicConv2d branch7x7_1;
    private readonly BasicConv2d branch7x7_2;
    private readonly BasicConv2d branch7x7_3;
    private readonly BasicConv2d branch7x7dbl_1;
    private readonly BasicConv2d branch7x7dbl_2;
    private readonly BasicConv2d branch7x7dbl_3;
    private readonly BasicConv2d branch7x7dbl_4;
    private readonly BasicConv2d branch7x7dbl_5;
    private readonly BasicConv2d branch_pool;

    public InceptionC(long input, long inner, torch.Device device)
        : base(nameof(InceptionC))
    {
        branch1x1 = new BasicConv2d(input, 192, (1, 1), device);
        branch7x7_1 = new BasicConv2d(input, inner, (1, 1), device);
        branch7x7_2 = new BasicConv2d(inner, inner, (1, 7), device);
        branch7x7_3 = new BasicConv2d(inner, 192, (7, 1), device);
        branch7x7dbl_1 = new BasicConv2d(input, inner, (1, 1), device);
        branch7x7dbl_2 = new BasicConv2d(inner, inner, (7, 1), device);
        branch7x7dbl_3 = new BasicConv2d(inner, inner, (1, 7), device);
        branch7x7dbl_4 = new BasicConv2d(inner, inner, (7, 1), device);
        branch7x7dbl_5 = new BasicConv2d(inner, 192, (1, 7), device);
        branch_pool = new BasicConv2d(input, 192, (1, 1), device);
        RegisterComponents();
    }

    /// <summary>
    /// The first branch alone. In Mixed_6d this is the TensorFlow node <c>mixed_6/conv</c>, the source of the sFID's features.
    /// </summary>
    public torch.Tensor FirstBranch(torch.Tensor x) => branch1x1.Forward(x);

    public torch.Tensor Forward(torch.Tensor x)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor once = branch7x7_3.Forward(branch7x7_2.Forward(branch7x7_1.Forward(x)));
        torch.Tensor half = branch7x7dbl_3.Forward(branch7x7dbl_2.Forward(branch7x7dbl_1.Forward(x)));
        torch.Tensor twice = branch7x7dbl_5.Forward(branch7x7dbl_4.Forward(half));
        torch.Tensor pooled = branch_pool.Forward(Pools.Average(x));
        return torch.cat([branch1x1.Forward(x), once, twice, pooled], 1).MoveToOuterDisposeScope();
    }
}
