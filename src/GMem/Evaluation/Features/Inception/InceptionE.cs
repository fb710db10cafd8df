namespace GMem.Evaluation;

/// <summary>
/// Mixed_7b and Mixed_7c: 3x3 convolutions split into parallel 1x3 and 3x1. Mixed_7c uses max pooling, like the network of the FID.
/// </summary>
internal sealed class InceptionE : torch.nn.Module
{
    private readonly BasicConv2d branch1x1;
    private readonly BasicConv2d branch3x3_1;
    private readonly BasicConv2d branch3x3_2a;
    private readonly BasicConv2d branch3x3_2b;
    private readonly BasicConv2d branch3x3dbl_1;
    private readonly BasicConv2d branch3x3dbl_2;
    private readonly BasicConv2d branch3x3dbl_3a;
    private readonly BasicConv2d branch3x3dbl_3b;
    private readonly BasicConv2d branch_pool;
    private readonly bool _maxPool;

    public InceptionE(long input, bool maxPool, torch.Device device)
        : base(nameof(InceptionE))
    {
        _maxPool = maxPool;
        branch1x1 = new BasicConv2d(input, 320, (1, 1), device);
        branch3x3_1 = new BasicConv2d(input, 384, (1, 1), device);
        branch3x3_2a = new BasicConv2d(384, 384, (1, 3), device);
        branch3x3_2b = new BasicConv2d(384, 384, (3, 1), device);
        branch3x3dbl_1 = new BasicConv2d(input, 448, (1, 1), device);
        branch3x3dbl_2 = new BasicConv2d(448, 384, (3, 3), device);
        branch3x3dbl_3a = new BasicConv2d(384, 384, (1, 3), device);
        branch3x3dbl_3b = new BasicConv2d(384, 384, (3, 1), device);
        branch_pool = new BasicConv2d(input, 192, (1, 1), device);
        RegisterComponents();
    }

    public torch.Tensor Forward(torch.Tensor x)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor once = branch3x3_1.Forward(x);
        torch.Tensor twice = branch3x3dbl_2.Forward(branch3x3dbl_1.Forward(x));
        torch.Tensor pooled = branch_pool.Forward(_maxPool ? Pools.Maximum(x) : Pools.Average(x));
        return torch.cat(
            [
                branch1x1.Forward(x),
                branch3x3_2a.Forward(once),
                branch3x3_2b.Forward(once),
                branch3x3dbl_3a.Forward(twice),
                branch3x3dbl_3b.Forward(twice),
                pooled,
            ],
            1).MoveToOuterDisposeScope();
    }
}
