using GMem.Sampling;
using GMem.Transport;

namespace GMem.Tests.Sampling;

public sealed class SamplingOptionsTests
{
    [Fact]
    public void Validate_DefaultsAndPublicSettings_AreValid()
    {
        new SamplingOptions().Validate();
        SamplingOptions.PublicOde().Validate();
        SamplingOptions.PublicSde().Validate();
    }

    /// <summary>The public code's 50 points are 49 steps: these are its times.</summary>
    [Fact]
    public void PublicSettings_AreThoseOfThePublicCode()
    {
        SamplingOptions ode = SamplingOptions.PublicOde(), sde = SamplingOptions.PublicSde();
        Assert.Equal<(SamplerKind, OdeStepper, int, double)>(
            (SamplerKind.Ode, OdeMethod.Euler, 49, 0.0), (ode.Kind, ode.OdeMethod, ode.Steps, ode.TimestepShift));
        Assert.Equal<(SamplerKind, SdeStepper, int, DiffusionForm, double, SdeLastStep, double, double)>(
            (SamplerKind.Sde, SdeMethod.Heun, 49, DiffusionForm.Linear, 1.0, SdeLastStep.Mean, 0.004, 1.0),
            (sde.Kind, sde.SdeMethod, sde.Steps, sde.DiffusionForm, sde.DiffusionNorm, sde.LastStep, sde.LastStepSize, sde.GuidanceScale));
    }

    [Fact]
    public void Validate_SeveralFaults_AreAllNamedAtOnce()
    {
        SamplingOptions options = new()
        {
            Kind = (SamplerKind)5,
            Steps = 0,
            GuidanceScale = double.NaN,
            GuidanceIntervalStart = 0.9,
            GuidanceIntervalEnd = 0.2,
            GuidanceChannels = 0,
            TimestepShift = -1,
            DiffusionNorm = double.PositiveInfinity,
            LastStepSize = 1,
            RelativeTolerance = 0,
            AbsoluteTolerance = -1,
        };
        string expected = string.Join(
            Environment.NewLine,
            "The sampling options are not valid:",
            "- Kind is 5, but must be one of Ode, Sde, FlowMap.",
            "- Steps is 0, but must be from 1 to 10000.",
            "- GuidanceScale is NaN, but must be from 0 to 1000 (1 is no guidance).",
            "- GuidanceIntervalStart is 0.9, but must be at most GuidanceIntervalEnd, 0.2.",
            "- GuidanceChannels is 0, but must be at least 1, or null for all.",
            "- TimestepShift is -1, but must be above 0 and at most 1000, or 0 for no shift.",
            "- DiffusionNorm is Infinity, but must be from 0 to 1000.",
            "- LastStepSize is 1, but must be above 0 and below 1.",
            "- RelativeTolerance is 0, but must be above 0 and finite.",
            "- AbsoluteTolerance is -1, but must be above 0 and finite.");
        Assert.Equal(expected, Assert.Throws<ArgumentException>(options.Validate).Message);
    }

    [Fact]
    public void Validate_UnknownMethodsAndTimesOutsideTheInterval_AreNamed()
    {
        SamplingOptions options = new()
        {
            OdeMethod = null!,
            SdeMethod = null!,
            DiffusionForm = (DiffusionForm)99,
            LastStep = (SdeLastStep)99,
            GuidanceIntervalStart = -0.1,
            GuidanceIntervalEnd = 1.1,
        };
        string message = Assert.Throws<ArgumentException>(options.Validate).Message;
        Assert.All(
            new[] { nameof(options.OdeMethod), nameof(options.SdeMethod), nameof(options.DiffusionForm), nameof(
                options.LastStep), nameof(options.GuidanceIntervalStart), nameof(options.GuidanceIntervalEnd) },
            name => Assert.Contains($"- {name} is ", message, StringComparison.Ordinal));
        Assert.Throws<ArgumentOutOfRangeException>("method", () => options = options with { OdeMethod = (OdeMethod)99 });
        Assert.Throws<ArgumentOutOfRangeException>("method", () => options = options with { SdeMethod = (SdeMethod)99 });
    }
}
