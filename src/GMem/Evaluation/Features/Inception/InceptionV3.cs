namespace GMem.Evaluation;

/// <summary>
/// InceptionV3 (Szegedy et al., 2016, arXiv 1512.00567) in the variant that defines the FID: TensorFlow's network of December 2015
/// with 1008 classes, with the state-dict names of its PyTorch port. Evaluation mode only; no auxiliary classifier.
/// </summary>
internal sealed class InceptionV3 : torch.nn.Module
{
    /// <summary>Side of the input images in pixels.</summary>
    public const int ImageSize = 299;

    /// <summary>Number of features.</summary>
    public const int FeatureCount = 2048;

    /// <summary>Number of classes, of which 1000 are ImageNet's.</summary>
    public const int Classes = 1008;

    private readonly BasicConv2d Conv2d_1a_3x3;
    private readonly BasicConv2d Conv2d_2a_3x3;
    private readonly BasicConv2d Conv2d_2b_3x3;
    private readonly BasicConv2d Conv2d_3b_1x1;
    private readonly BasicConv2d Conv2d_4a_3x3;
    private readonly InceptionA Mixed_5b;
    private readonly InceptionA Mixed_5c;
    private readonly InceptionA Mixed_5d;
    private readonly InceptionB Mixed_6a;
    private readonly InceptionC Mixed_6b;
    private readonly InceptionC Mixed_6c;
    private readonly InceptionC Mixed_6d;
    private readonly InceptionC Mixed_6e;
    private readonly InceptionD Mixed_7a;
    private readonly InceptionE Mixed_7b;
    private readonly InceptionE Mixed_7c;

    /// <summary>The last layer.</summary>
    public readonly InceptionClassifier fc;

    /// <summary>Creates a network of zeros for <c>StateDict</c> to fill.</summary>
    public InceptionV3(torch.Device device)
        : base(nameof(InceptionV3))
    {
        using DisposeScope scope = torch.NewDisposeScope();
        Conv2d_1a_3x3 = new BasicConv2d(3, 32, (3, 3), (0, 0), 2, device);
        Conv2d_2a_3x3 = new BasicConv2d(32, 32, (3, 3), (0, 0), 1, device);
        Conv2d_2b_3x3 = new BasicConv2d(32, 64, (3, 3), device);
        Conv2d_3b_1x1 = new BasicConv2d(64, 80, (1, 1), device);
        Conv2d_4a_3x3 = new BasicConv2d(80, 192, (3, 3), (0, 0), 1, device);
        Mixed_5b = new InceptionA(192, 32, device);
        Mixed_5c = new InceptionA(256, 64, device);
        Mixed_5d = new InceptionA(288, 64, device);
        Mixed_6a = new InceptionB(288, device);
        Mixed_6b = new InceptionC(768, 128, device);
        Mixed_6c = new InceptionC(768, 160, device);
        Mixed_6d = new InceptionC(768, 160, device);
        Mixed_6e = new InceptionC(768, 192, device);
        Mixed_7a = new InceptionD(768, device);
        Mixed_7b = new InceptionE(1280, maxPool: false, device);
        Mixed_7c = new InceptionE(FeatureCount, maxPool: true, device);
        fc = new InceptionClassifier(FeatureCount, Classes, device);
        RegisterComponents();
        foreach (torch.Tensor tensor in state_dict().Values)
        {
            tensor.DetachFromDisposeScope();
        }
    }

    /// <param name="images">float32 <c>[B, 3, 299, 299]</c>, about -1 to 1.</param>
    public InceptionActivations Forward(torch.Tensor images)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor stem = Conv2d_2b_3x3.Forward(Conv2d_2a_3x3.Forward(Conv2d_1a_3x3.Forward(images)));
        torch.Tensor block64 = Pools.Halve(stem);
        torch.Tensor block192 = Pools.Halve(Conv2d_4a_3x3.Forward(Conv2d_3b_1x1.Forward(block64)));
        torch.Tensor grid35 = Mixed_5d.Forward(Mixed_5c.Forward(Mixed_5b.Forward(block192)));
        torch.Tensor mixed6c = Mixed_6c.Forward(Mixed_6b.Forward(Mixed_6a.Forward(grid35)));
        torch.Tensor spatial = Mixed_6d.FirstBranch(mixed6c);
        torch.Tensor block768 = Mixed_6e.Forward(Mixed_6d.Forward(mixed6c));
        torch.Tensor block2048 = Mixed_7c.Forward(Mixed_7b.Forward(Mixed_7a.Forward(block768)));
        return new InceptionActivations(
            block64.MoveToOuterDisposeScope(),
            block192.MoveToOuterDisposeScope(),
            block768.MoveToOuterDisposeScope(),
            spatial.MoveToOuterDisposeScope(),
            block2048.MoveToOuterDisposeScope());
    }
}
