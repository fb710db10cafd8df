namespace GMem.Evaluation;

/// <summary>Mixed_6a: halves the grid from 35 to 17 with strided 3x3 branches and a max pool.</summary>
internal sealed class InceptionB : torch.nn.Module
{
    private readonly BasicConv2d branch3x3;
    private readonly BasicConv2d branch3x3dbl_1;
    private readonly BasicConv2d branch3x3dbl_2;
    private readonly BasicConv2d branch3x3dbl_3;

    public InceptionB(long input, torch.Device device)
        : base(nameof(InceptionB))
    {
        branch3x3 = new BasicConv2d(input, 384, (3, 3), (0, 0), 2, device);
        branch3x3dbl_1 = new BasicConv2d(input, 64, (1, 1), device);
        branch3x3dbl_2 = new BasicConv2d(64, 96, (3, 3), device);
        branch3x3dbl_3 = new BasicConv2d(96, 96, (3, 3), (0, 0), 2, device);
        RegisterComponents();
    }

    public torch.Tensor Forward(torch.Tensor x)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor twice = branch3x3dbl_3.Forward(branch3x3dbl_2.Forward(branch3x3dbl_1.Forward(x)));
        return torch.cat([branch3x3.Forward(x), twice, Pools.Halve(x)], 1).MoveToOuterDisposeScope();
    }
}
