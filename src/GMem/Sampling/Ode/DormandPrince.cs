using static TorchSharp.torch;

namespace GMem.Sampling;

/// <summary>
/// Adaptive Dormand-Prince 5(4) with the error estimate, step control, first step and dense output of torchdiffeq 0.2.5, which the
/// public code uses (Hairer, Norsett, Wanner, Solving Ordinary Differential Equations I, II.4-II.6).
/// </summary>
/// <remarks>It has seven slopes, of which the last is the first of the next step.</remarks>
internal sealed class DormandPrince() : OdeStepper(nameof(OdeMethod.Dopri5), order: 5, evaluationsPerStep: 6, isAdaptive: true)
{
    private const double Safety = 0.9;
    private const double LargestGrowth = 10;
    private const double LargestShrinkage = 0.2;

    private static readonly double[] Nodes = [0, 1.0 / 5, 3.0 / 10, 4.0 / 5, 8.0 / 9, 1, 1];

    private static readonly double[][] Stages =
    [
        [],
        [1.0 / 5],
        [3.0 / 40, 9.0 / 40],
        [44.0 / 45, -56.0 / 15, 32.0 / 9],
        [19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729],
        [9017.0 / 3168, -355.0 / 33, 46732.0 / 5247, 49.0 / 176, -5103.0 / 18656],
        [35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84],
    ];

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

    /// <summary>The last of its own steps goes beyond the end, from where it interpolates back.</summary>
    public override double Reach => double.PositiveInfinity;

    public override Tensor[] Step(OdeStep step)
    {
        Run run = (Run?)step.Memory ?? new Run(step, Order);
        step.Memory = run;
        return run.StateAt(step.End);
    }

    /// <summary>A run over rising times: falling ones are integrated as rising ones of the mirrored equation.</summary>
    private sealed class Run
    {
        private readonly OdeStep _equation;
        private readonly double _direction;
        private readonly int _order;

        // The last accepted step, from _start to _time: states and slopes at both ends and the state in the middle.
        private double _start;
        private double _time;
        private Tensor[] _startState;
        private Tensor[] _startSlope;
        private Tensor[] _middle;
        private Tensor[] _state;
        private Tensor[] _slope;
        private double _size;

        public Run(OdeStep equation, int order)
        {
            (_equation, _order, _direction) = (equation, order, equation.Size < 0 ? -1 : 1);
            _start = _time = _direction * equation.Start;
            _startState = _middle = _state = equation.Keep([.. equation.State.Select(part => part.alias())]);
            using DisposeScope scope = NewDisposeScope();
            _startSlope = _slope = equation.Keep(Slope(_time, _state));
            _size = Number(FirstStep());
        }

        /// <summary>Steps until the time lies in the last step, and interpolates there.</summary>
        public Tensor[] StateAt(double end)
        {
            double time = _direction * end;
            while (time > _time)
            {
                _equation.CancellationToken.ThrowIfCancellationRequested();
                Step();
            }

            return Interpolate(time);
        }

        private Tensor[] Slope(double time, Tensor[] state)
        {
            Tensor[] slope = _equation.Slope(_direction * time, state);
            return _direction > 0 ? slope : [.. slope.Select(part => part.neg())];
        }

        /// <summary>The state at a time within the last step, by the quartic through both ends, their slopes and the middle.</summary>
        private Tensor[] Interpolate(double time)
        {
            double width = _time - _start;
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
            double next = _time + _size;
            if (!(next > _time))
            {
                throw new InvalidOperationException(
                    $"Dopri5 cannot go on at t = {Math.Abs(_time)}: the step needed for the tolerances has become too small. "
                    + "Loosen the tolerances, or use a fixed-step method.");
            }

            List<Tensor[]> slopes = [_slope];
            Tensor[] stage = _state;
            for (int i = 1; i < Nodes.Length; i++)
            {
                stage = RungeKutta.Combine(_state, slopes, Stages[i], _size);
                slopes.Add(Slope(RungeKutta.Time(Nodes[i], _time, _size, next), stage));
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
            (_start, _startState, _startSlope) = (_time, _state, _slope);
            (_time, _state, _slope, _middle) = (next, state, slope, middle);
            _equation.Keep(state);
            _equation.Keep(slope);
            _equation.Keep(middle);
        }

        /// <summary>By how much the next step differs from this one.</summary>
        private double Factor(double ratio) => ratio == 0
            ? LargestGrowth
            : Math.Min(LargestGrowth, Math.Max(Safety / Math.Pow(ratio, 1.0 / _order), ratio < 1 ? 1 : LargestShrinkage));

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

        /// <summary>
        /// The first step by the recipe of Hairer, Norsett and Wanner (II.4): one trial Euler step shows the second derivative.
        /// </summary>
        private double FirstStep()
        {
            Tensor[] scales = [.. _state.Select(part => Tolerance(part.abs()))];
            double state = Norm(_state, scales);
            double slope = Norm(_slope, scales);
            double trial = state < 1e-5 || slope < 1e-5 ? 1e-6 : 0.01 * state / slope;

            Tensor[] stage = RungeKutta.Combine(_state, [_slope], [1], trial);
            Tensor[] slopes = Slope(_time + trial, stage);
            double curvature = Norm([.. slopes.Zip(_slope, (after, before) => after.sub(before))], scales) / trial;
            double size = slope <= 1e-15 && curvature <= 1e-15
                ? Math.Max(1e-6, trial * 1e-3)
                : Math.Pow(0.01 / Math.Max(slope, curvature), 1.0 / _order);
            return Math.Min(100 * trial, size);
        }

        private double Number(double value) => double.IsNaN(value)
            ? throw new InvalidOperationException(
                $"Dopri5 met a state that is not a number near t = {Math.Abs(_time)}: "
                + "the equation is not defined there, or the network returned NaN.")
            : value;

        private Tensor Tolerance(Tensor magnitude) =>
            magnitude.TimesInPlace(_equation.RelativeTolerance).PlusInPlace(_equation.AbsoluteTolerance);

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
}
