namespace GMem.Evaluation;

/// <summary>Mixed_7a: halves the grid from 17 to 8.</summary>
internal sealed class InceptionD : torch.nn.Module
{
    private readonly BasicConv2d branch3x3_1;
    private readonly BasicConv2d branch3x3_2;
    private readonly BasicConv2d branch7x7x3_1;
    private readonly BasicConv2d branch7x7x3_2;
    private readonly BasicConv2d branch7x7x3_3;
    private readonly BasicConv2d branch7x7x3_4;

    public InceptionD(long input, torch.Device device)
        : base(nameof(InceptionD))
    {
        branch3x3_1 = new BasicConv2d(input, 192, (1, 1), device);
        branch3x3_2 = new BasicConv2d(192, 320, (3, 3), (0, 0), 2, device);
        branch7x7x3_1 = new BasicConv2d(input, 192, (1, 1), device);
        branch7x7x3_2 = new BasicConv2d(192, 192, (1, 7), device);
        branch7x7x3_3 = new BasicConv2d(192, 192, (7, 1), device);
        branch7x7x3_4 = new BasicConv2d(192, 192, (3, 3), (0, 0), 2, device);
        RegisterComponents();
    }

    public torch.Tensor Forward(torch.Tensor x)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor narrow = branch3x3_2.Forward(branch3x3_1.Forward(x));
        torch.Tensor wide = branch7x7x3_4.Forward(branch7x7x3_3.Forward(branch7x7x3_2.Forward(branch7x7x3_1.Forward(x))));
        return torch.cat([narrow, wide, Pools.Halve(x)], 1).MoveToOuterDisposeScope();
    }
}
