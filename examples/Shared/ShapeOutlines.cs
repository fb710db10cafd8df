using SkiaSharp;

namespace Examples.Shared;

/// <summary>The kinds of shapes, each as an outline within the circle of radius 1 around the origin.</summary>
internal static class ShapeOutlines
{
    /// <summary>Name and outline of every kind.</summary>
    public static IReadOnlyList<(string Name, Func<SKPath> Outline)> All { get; } =
    [
        ("circle", () => Circle(0.9f)),
        ("cross", Cross),
        ("ring", Ring),
        ("square", () => Polygon(4, 45)),
        ("triangle", () => Polygon(3, -90)),
    ];

    /// <summary>A star of five points.</summary>
    public static SKPath Star()
    {
        SKPath path = new();
        path.AddPoly([.. Enumerable.Range(0, 10).Select(i => OnCircle(i % 2 == 0 ? 1.1f : 0.48f, -90 + (36 * i)))]);
        return path;
    }

    /// <summary>A regular polygon.</summary>
    private static SKPath Polygon(int corners, float startDegrees)
    {
        SKPath path = new();
        path.AddPoly([.. Enumerable.Range(0, corners).Select(i => OnCircle(1, startDegrees + (360f * i / corners)))]);
        return path;
    }

    private static SKPoint OnCircle(float radius, float degrees)
    {
        (float sin, float cos) = MathF.SinCos(degrees * MathF.PI / 180);
        return new SKPoint(radius * cos, radius * sin);
    }

    private static SKPath Circle(float radius)
    {
        SKPath path = new();
        path.AddCircle(0, 0, radius);
        return path;
    }

    private static SKPath Ring()
    {
        using SKPath outer = Circle(0.95f);
        using SKPath inner = Circle(0.5f);
        return outer.Op(inner, SKPathOp.Difference);
    }

    private static SKPath Cross()
    {
        const float Long = 0.95f;
        const float Half = 0.32f;
        SKPath path = new();
        path.AddPoly(
        [
            new(-Half, -Long), new(Half, -Long), new(Half, -Half), new(Long, -Half), new(Long, Half), new(Half, Half),
            new(Half, Long), new(-Half, Long), new(-Half, Half), new(-Long, Half), new(-Long, -Half), new(-Half, -Half),
        ]);
        return path;
    }
}
