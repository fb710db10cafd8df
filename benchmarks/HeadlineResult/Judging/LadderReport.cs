namespace HeadlineResult.Judging;

/// <summary>What a judge says of images that are known to become worse or better, as written into a file.</summary>
/// <param name="Features">The judge's.</param>
/// <param name="Accuracy">Of the classifier that they are of, on test images; null for other features.</param>
/// <param name="ReferenceHalf">Half of the test images that images are judged against; the spoilt ones are of the other.</param>
/// <param name="ReferenceImages">How many of the half.</param>
/// <param name="Images">On each rung.</param>
/// <param name="Ladders">Distances, ladder by ladder.</param>
/// <param name="Copies">Shares of copies; none where features of all training images take too long.</param>
internal sealed record LadderReport(
    string Features,
    double? Accuracy,
    string ReferenceHalf,
    long ReferenceImages,
    int Images,
    IReadOnlyList<JudgedLadder> Ladders,
    IReadOnlyList<JudgedCopies> Copies);

/// <summary>A ladder's distances.</summary>
/// <param name="Name">What is done, and in what unit.</param>
/// <param name="MustRise">Whether distances have to rise, or fall.</param>
/// <param name="Strengths">The rungs.</param>
/// <param name="Distances">Frechet distance of each.</param>
internal sealed record JudgedLadder(string Name, bool MustRise, IReadOnlyList<string> Strengths, IReadOnlyList<double> Distances)
{
    public bool IsOrdered => Distances.Zip(Distances.Skip(1)).All(pair => MustRise ? pair.First < pair.Second : pair.First > pair.Second);
}

/// <summary>How many of some images the judge takes for copies of training images.</summary>
internal sealed record JudgedCopies(string Images, double Share);
