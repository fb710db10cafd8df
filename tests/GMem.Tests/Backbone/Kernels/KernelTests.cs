using GMem.Backbone.Kernels;
using GMem.Runtime;
using GMem.Tests.Runtime;
using TorchSharp;

namespace GMem.Tests.Backbone.Kernels;

/// <summary>
/// Each kernel, forward and backward, against the same formula of libtorch operations in float64; widths with and without an odd end.
/// </summary>
[Collection(nameof(OperatorThreads))]
public sealed class KernelTests
{
    private const double Tolerance = 5e-6;

    [Theory]
    [InlineData(1)]
    [InlineData(16)]
    [InlineData(50_021)]
    public void GeluTanh_AnyLength_EqualsTheDefinition(int count)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor x = torch.linspace(-11, 11, count + 2).narrow(0, 1, count).clone();
        Compare(inputs => GeluTanh.Of(inputs[0]),
            inputs => inputs[0]
                .Times(0.5) * inputs[0].Plus(inputs[0].ToThePower(3).Times(0.044715)).Times(Math.Sqrt(2 / Math.PI)).tanh().OnePlus(), x);
    }

    [Fact]
    public void GeluTanh_FarOut_IsTheIdentityOrZero()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        float[] values = GeluTanh.Of(torch.tensor(new[] { -1e30f, -1000f, 0f, 1000f, 1e10f, float.NaN })).data<float>().ToArray();
        Assert.Equal([0f, 0f, 0f, 1000f, 1e10f], values[..5].Select(v => v + 0f));
        Assert.True(float.IsNaN(values[5]));
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(3, 5, 12)]
    [InlineData(2, 40, 96)]
    [InlineData(4, 70, 388)]
    public void ModulatedLayerNorm_AnySize_EqualsTheDefinition(int batch, int tokens, int width)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using torch.Generator generator = new(1, torch.CPU);
        torch.Tensor x = torch.randn([batch, tokens, width], generator: generator).Times(3).Plus(1);
        Compare(inputs => ModulatedLayerNorm.Of(inputs[0], inputs[1], inputs[2]),
            inputs => (torch.nn.functional.layer_norm(inputs[0], [width], eps: 1e-6) * inputs[1].OnePlus()).Plus(inputs[2]),
            x, Row(batch, width, generator), Row(batch, width, generator));
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(3, 5, 12)]
    [InlineData(4, 70, 388)]
    public void GatedResidual_AnySize_EqualsTheDefinition(int batch, int tokens, int width)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using torch.Generator generator = new(1, torch.CPU);
        Compare(inputs => GatedResidual.Of(inputs[0], inputs[1], inputs[2]), inputs => inputs[0].Plus(inputs[1] * inputs[2]),
            torch.randn([batch, tokens, width], generator: generator),
            Row(batch, width, generator), torch.randn([batch, tokens, width], generator: generator));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(7, 34)]
    [InlineData(300, 170)]
    public void SwiGlu_AnySize_EqualsTheDefinition(int rows, int half)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using torch.Generator generator = new(1, torch.CPU);
        Compare(inputs => SwiGlu.Of(inputs[0]),
            inputs => torch.nn.functional.silu(inputs[0].narrow(-1, 0, half)) * inputs[0].narrow(-1, half, half),
            torch.randn([2, rows, 2 * half], generator: generator).Times(3));
    }

    [Fact]
    public void Kernels_OnTwoThreads_GiveTheSameBitsAsOnOne()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using torch.Generator generator = new(1, torch.CPU);
        torch.Tensor x = torch.randn([3, 101, 388], generator: generator), row = Row(3, 388, generator);
        torch.Tensor[] one = Run(1), two = Run(2);
        Assert.All(one.Zip(two), pair => Assert.True(pair.First.equal(pair.Second).all().item<bool>()));

        torch.Tensor[] Run(int threads)
        {
            torch.Tensor[] results = [];
            OperatorThreads.Run(threads, () =>
            {
                torch.Tensor input = x.clone().requires_grad_(), gate = row.clone().requires_grad_();
                torch.Tensor output = GatedResidual.Of(
                    input, gate, SwiGlu.Of(torch.cat([GeluTanh.Of(ModulatedLayerNorm.Of(input, gate, gate)), input], -1)));
                output.backward([x]);
                results = [output.detach(), input.grad!, gate.grad!];
            });
            return results;
        }
    }

    [Fact]
    public void Backward_OfAChainOfKernels_KeepsNoMoreThanTheLastGradients()
    {
        using torch.Generator generator = new(1, torch.CPU);
        using DisposeScope outer = torch.NewDisposeScope();
        torch.Tensor x = torch.randn([2, 8, 16], generator: generator), row = Row(2, 16, generator).requires_grad_();
        List<long> live = [];
        foreach (int length in new[] { 1, 5, 50 })
        {
            using DisposeScope scope = torch.NewDisposeScope();
            torch.Tensor y = x;
            for (int i = 0; i < length; i++)
            {
                torch.Tensor next = GatedResidual.Of(y, row, ModulatedLayerNorm.Of(y, row, row));
                y = next;
            }

            torch.Tensor loss = y.sum();
            long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
            loss.backward();
            live.Add(DisposeScopeManager.Statistics.ThreadTotalLiveCount - before);
        }

        Assert.Equal(live[1], live[2]);
    }

    private static torch.Tensor Row(int batch, int width, torch.Generator generator) =>
        torch.randn([batch, 1, width], generator: generator);

    private static void Compare(
        Func<torch.Tensor[], torch.Tensor> kernel, Func<torch.Tensor[], torch.Tensor> definition, params torch.Tensor[] inputs)
    {
        torch.Tensor[] single = [.. inputs.Select(i => i.detach().clone().requires_grad_())];
        torch.Tensor[] wide = [.. inputs.Select(i => i.detach().to(torch.float64).requires_grad_())];
        torch.Tensor actual = kernel(single), expected = definition(wide);
        using (torch.no_grad())
        {
            Assert.True(kernel(single).equal(actual).all().item<bool>(), "with and without gradients");
        }

        using torch.Generator generator = new(7, torch.CPU);
        torch.Tensor upstream = torch.randn(expected.shape, generator: generator);
        actual.backward([upstream]);
        expected.backward([upstream.to(torch.float64)]);
        Close(actual, expected, "value");
        for (int i = 0; i < inputs.Length; i++)
        {
            Close(single[i].grad!, wide[i].grad!, $"gradient {i}");
        }
    }

    private static void Close(torch.Tensor actual, torch.Tensor expected, string what)
    {
        double scale = Math.Max(1, expected.abs().max().item<double>());
        double difference = (actual.detach().to(torch.float64) - expected).abs().max().item<double>();
        Assert.True(difference <= Tolerance * scale, $"{what}: differs by {difference:g3}");
    }
}
