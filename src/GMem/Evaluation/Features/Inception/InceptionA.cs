namespace GMem.Evaluation;

/// <summary>Mixed_5b to Mixed_5d: branches of 1x1, 5x5 and two 3x3 convolutions, and an average pool that excludes its padding.</summary>
internal sealed class InceptionA : torch.nn.Module
{
    private readonly BasicConv2d branch1x1;
    private readonly BasicConv2d branch5x5_1;
    private readonly BasicConv2d branch5x5_2;
    private readonly BasicConv2d branch3x3dbl_1;
    private readonly BasicConv2d branch3x3dbl_2;
    private readonly BasicConv2d branch3x3dbl_3;
    private readonly BasicConv2d branch_pool;

    public InceptionA(long input, long poolFeatures, torch.Device device)
        : base(nameof(InceptionA))
    {
        branch1x1 = new BasicConv2d(input, 64, (1, 1), device);
        branch5x5_1 = new BasicConv2d(input, 48, (1, 1), device);
        branch5x5_2 = new BasicConv2d(48, 64, (5, 5), device);
        branch3x3dbl_1 = new BasicConv2d(input, 64, (1, 1), device);
        branch3x3dbl_2 = new BasicConv2d(64, 96, (3, 3), device);
        branch3x3dbl_3 = new BasicConv2d(96, 96, (3, 3), device);
        branch_pool = new BasicConv2d(input, poolFeatures, (1, 1), device);
        RegisterComponents();
    }

    public torch.Tensor Forward(torch.Tensor x)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor wide = branch5x5_2.Forward(branch5x5_1.Forward(x));
        torch.Tensor twice = branch3x3dbl_3.Forward(branch3x3dbl_2.Forward(branch3x3dbl_1.Forward(x)));
        torch.Tensor pooled = branch_pool.Forward(Pools.Average(x));
        return torch.cat([branch1x1.Forward(x), wide, twice, pooled], 1).MoveToOuterDisposeScope();
    }
}
