using GMem.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace GMem.Sampling;

/// <summary>
/// Adaptive Dormand-Prince 5(4) with the error estimate, step control, first step and dense output of torchdiffeq 0.2.5, which the
/// public code uses (Hairer, Norsett, Wanner, Solving Ordinary Differential Equations I, II.4-II.6). Time increases.
/// </summary>
/// <remarks>Tensors that live from step to step belong to the dispose scope in which this object was made and is used.</remarks>
internal sealed class DormandPrince
{
    private const int Order = 5;
    private const double Safety = 0.9;
    private const double LargestGrowth = 10;
    private const double LargestShrinkage = 0.2;

    /// <summary>Fifth-order weights minus those of the embedded fourth-order result.</summary>
    private static readonly double[] ErrorWeights =
    [
        (35.0 / 384) - (1951.0 / 21600), 0, (500.0 / 1113) - (22642.0 / 50085), (125.0 / 192) - (451.0 / 720),
        (-2187.0 / 6784) + (12231.0 / 42400), (11.0 / 84) - (649.0 / 6300), -1.0 / 60,
    ];

    /// <summary>Weights of the slopes at the middle of the step (Shampine, 1986).</summary>
    private static readonly double[] MiddleWeights =
    [
        6025192743.0 / 30085553152 / 2, 0, 51252292925.0 / 65400821598 / 2, -2691868925.0 / 45128329728 / 2,
        187940372067.0 / 1594534317056 / 2, -1776094331.0 / 19743644256 / 2, 11237099.0 / 235043384 / 2,
    ];

    private static readonly ButcherTableau Tableau = ButcherTableau.Of(OdeMethod.Dopri5);

    private readonly OdeFunction _function;
    private readonly double _relative;
    private readonly double _absolute;

    // The last accepted step, from _start to Time: states and slopes at both ends and the state in the middle.
    private double _start;
    private Tensor[] _startState;
    private Tensor[] _startSlope;
    private Tensor[] _middle;
    private Tensor[] _state;
    private Tensor[] _slope;
    private double _size;

    public DormandPrince(OdeFunction function, double time, Tensor[] state, double relativeTolerance, double absoluteTolerance)
    {
        _function = function;
        _relative = relativeTolerance;
        _absolute = absoluteTolerance;
        _start = Time = time;
        _startState = _middle = _state = [.. state.Select(part => part.alias())];
        using DisposeScope scope = NewDisposeScope();
        _startSlope = _slope = function(time, _state);
        _size = Number(FirstStep());
        Keep(_slope);
    }

    /// <summary>The end of the last accepted step.</summary>
    public double Time { get; private set; }

    /// <summary>Steps until <paramref name="time"/> lies in the last step.</summary>
    public void AdvanceTo(double time, CancellationToken cancellationToken)
    {
        while (time > Time)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Step();
        }
    }

    /// <summary>The state at a time within the last step, by the quartic through both ends, their slopes and the middle.</summary>
    public Tensor[] Interpolate(double time)
    {
        double width = Time - _start;
        double x = width > 0 ? (time - _start) / width : 1;
        double h = width;

        // The quartic's basis: values at 0, 1/2 and 1, slopes at 0 and 1.
        double x2 = x * x, x3 = x2 * x, x4 = x3 * x;
        double atStart = 1 - (11 * x2) + (18 * x3) - (8 * x4);
        double atEnd = (-5 * x2) + (14 * x3) - (8 * x4);
        double atMiddle = (16 * x2) - (32 * x3) + (16 * x4);
        double slopeAtStart = h * (x - (4 * x2) + (5 * x3) - (2 * x4));
        double slopeAtEnd = h * (x2 - (3 * x3) + (2 * x4));
        Tensor[] result = new Tensor[_state.Length];
        for (int part = 0; part < result.Length; part++)
        {
            result[part] = _startState[part].Times(atStart)
                .PlusScaledInPlace(atEnd, _state[part]).PlusScaledInPlace(atMiddle, _middle[part])
                .PlusScaledInPlace(slopeAtStart, _startSlope[part]).PlusScaledInPlace(slopeAtEnd, _slope[part]);
        }

        return result;
    }

    private void Step()
    {
        using DisposeScope scope = NewDisposeScope();
        double next = Time + _size;
        if (!(next > Time))
        {
            throw new InvalidOperationException($"Dopri5 cannot go on at t = {Math.Abs(Time)}: the step needed for the tolerances has become too small. Loosen the tolerances, or use a fixed-step method.");
        }

        List<Tensor[]> slopes = [_slope];
        Tensor[] stage = _state;
        for (int i = 1; i < Tableau.Nodes.Length; i++)
        {
            stage = RungeKutta.Combine(_state, slopes, Tableau.Stages[i], _size);
            slopes.Add(_function(Tableau.Nodes[i] == 1 ? next : Time + (Tableau.Nodes[i] * _size), stage));
        }

        double ratio = ErrorRatio(slopes, stage);
        double size = _size;
        _size *= Factor(ratio);
        if (ratio <= 1)
        {
            // The seventh slope is taken at the fifth-order result itself.
            Accept(next, stage, slopes[^1], RungeKutta.Combine(_state, slopes, MiddleWeights, size));
        }
    }

    private void Accept(double next, Tensor[] state, Tensor[] slope, Tensor[] middle)
    {
        Release(_startState, _state);
        Release(_startSlope, _slope);
        Release(_middle, _state);
        (_start, _startState, _startSlope) = (Time, _state, _slope);
        (Time, _state, _slope, _middle) = (next, state, slope, middle);
        Keep(state);
        Keep(slope);
        Keep(middle);
    }

    /// <summary>By how much the next step differs from this one.</summary>
    private static double Factor(double ratio) => ratio == 0
        ? LargestGrowth
        : Math.Min(LargestGrowth, Math.Max(Safety / Math.Pow(ratio, 1.0 / Order), ratio < 1 ? 1 : LargestShrinkage));

    /// <summary>The estimated error in units of the tolerance; a step of at most 1 is accepted.</summary>
    private double ErrorRatio(List<Tensor[]> slopes, Tensor[] state)
    {
        double largest = 0;
        for (int part = 0; part < state.Length; part++)
        {
            Tensor zero = zeros_like(state[part]);
            Tensor error = RungeKutta.Combine([zero], [.. slopes.Select(s => new[] { s[part] })], ErrorWeights, _size)[0];
            Tensor scale = maximum(_state[part].abs(), state[part].abs());
            largest = Larger(largest, RootMeanSquare(error.div_(Tolerance(scale))));
        }

        return Number(largest);
    }

    /// <summary>The first step by the recipe of Hairer, Norsett and Wanner (II.4): one trial Euler step shows the second derivative.</summary>
    private double FirstStep()
    {
        Tensor[] scales = [.. _state.Select(part => Tolerance(part.abs()))];
        double state = Norm(_state, scales);
        double slope = Norm(_slope, scales);
        double trial = state < 1e-5 || slope < 1e-5 ? 1e-6 : 0.01 * state / slope;

        Tensor[] stage = RungeKutta.Combine(_state, [_slope], [1], trial);
        Tensor[] slopes = _function(Time + trial, stage);
        double curvature = Norm([.. slopes.Zip(_slope, (after, before) => after.sub(before))], scales) / trial;
        double size = slope <= 1e-15 && curvature <= 1e-15
            ? Math.Max(1e-6, trial * 1e-3)
            : Math.Pow(0.01 / Math.Max(slope, curvature), 1.0 / Order);
        return Math.Min(100 * trial, size);
    }

    private double Number(double value) => double.IsNaN(value)
        ? throw new InvalidOperationException($"Dopri5 met a state that is not a number near t = {Math.Abs(Time)}: the equation is not defined there, or the network returned NaN.")
        : value;

    private Tensor Tolerance(Tensor magnitude) => magnitude.TimesInPlace(_relative).PlusInPlace(_absolute);

    private static double Norm(Tensor[] parts, Tensor[] scales)
    {
        double largest = 0;
        for (int part = 0; part < parts.Length; part++)
        {
            largest = Larger(largest, RootMeanSquare(parts[part].div(scales[part])));
        }

        return largest;
    }

    private static double RootMeanSquare(Tensor x) => x.Squared().mean().sqrt().to(ScalarType.Float64).item<double>();

    /// <summary>The larger of two, or NaN if either is.</summary>
    private static double Larger(double a, double b) => Math.Max(a, b);

    private static void Keep(Tensor[] parts)
    {
        foreach (Tensor part in parts)
        {
            part.MoveToOuterDisposeScope();
        }
    }

    private static void Release(Tensor[] parts, Tensor[] unless)
    {
        if (!ReferenceEquals(parts, unless))
        {
            foreach (Tensor part in parts)
            {
                part.Dispose();
            }
        }
    }
}
