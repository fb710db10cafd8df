using System.Runtime.Intrinsics;
using GMem.Memory;
using TorchSharp;

namespace GMem.Tests.Memory;

public class CosineKernelTests
{
    [Theory]
    [InlineData(24, 1, 16)]
    [InlineData(64, 6, 768)]
    [InlineData(65, 13, 33)]
    [InlineData(130, 700, 100)]
    public void Cosines_AnySizes_AreTheProductsInDouble(int queryCount, int rowCount, int width)
    {
        Assert.SkipUnless(Vector512.IsHardwareAccelerated, "This processor has no 512-bit vectors; an ordinary product is used.");
        using DisposeScope scope = torch.NewDisposeScope();
        using torch.Generator generator = new(1);
        torch.Tensor queries = torch.randn([queryCount, width], generator: generator);
        torch.Tensor rows = torch.randn([rowCount, width], generator: generator);
        Assert.True(CosineKernel.Fits(queries));
        CosineKernel kernel = new(queries);

        torch.Tensor products = queries.to(torch.float64).matmul(rows.to(torch.float64).t());
        torch.Tensor lengths = rows.to(torch.float64).norm(1);
        Assert.True(kernel.Cosines(rows, normalize: false).to(torch.float64).allclose(products, rtol: 1e-5, atol: 1e-4));
        Assert.True(kernel.Cosines(rows, normalize: true).to(torch.float64).allclose(products / lengths, rtol: 1e-5, atol: 1e-5));
    }

    [Fact]
    public void Cosines_OfOneQueryAmongOthers_DoNotDependOnThem()
    {
        Assert.SkipUnless(Vector512.IsHardwareAccelerated, "This processor has no 512-bit vectors; an ordinary product is used.");
        using DisposeScope scope = torch.NewDisposeScope();
        using torch.Generator generator = new(2);
        torch.Tensor queries = torch.randn([100, 50], generator: generator);
        torch.Tensor rows = torch.randn([40, 50], generator: generator);
        float[] all = [.. new CosineKernel(queries).Cosines(rows, normalize: true)[70].data<float>()];

        torch.Tensor some = queries.narrow(0, 60, 30);
        Assert.Equal(all, new CosineKernel(some).Cosines(rows, normalize: true)[10].data<float>().ToArray());
        Assert.Equal(all[5..9], new CosineKernel(some).Cosines(rows.narrow(0, 5, 4), normalize: true)[10].data<float>().ToArray());
    }
}
