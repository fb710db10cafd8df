using SkiaSharp;

namespace QuickStart;

/// <summary>The kinds of shapes, each as an outline within the circle of radius 1 around the origin.</summary>
internal static class ShapeOutlines
{
    /// <summary>Name and outline of every kind.</summary>
    public static IReadOnlyList<(string Name, Func<SKPath> Outline)> All { get; } =
    [
        ("circle", () => Circle(0.9f)),
        ("cross", Cross),
        ("heart", Heart),
        ("moon", Moon),
        ("ring", Ring),
        ("square", () => Polygon(4, 1, 1, 45)),
        ("star", () => Polygon(10, 1, 0.42f, -90)),
        ("triangle", () => Polygon(3, 1, 1, -90)),
    ];

    /// <summary>Corners on two circles in turn; equal radii give a regular polygon.</summary>
    private static SKPath Polygon(int corners, float outer, float inner, float startDegrees)
    {
        SKPath path = new();
        path.AddPoly([.. Enumerable.Range(0, corners).Select(i => OnCircle(i % 2 == 0 ? outer : inner, startDegrees + (360f * i / corners)))]);
        return path;
    }

    private static SKPoint OnCircle(float radius, float degrees)
    {
        (float sin, float cos) = MathF.SinCos(degrees * MathF.PI / 180);
        return new SKPoint(radius * cos, radius * sin);
    }

    private static SKPath Circle(float radius, float x = 0, float y = 0)
    {
        SKPath path = new();
        path.AddCircle(x, y, radius);
        return path;
    }

    private static SKPath Ring()
    {
        using SKPath outer = Circle(0.95f);
        using SKPath inner = Circle(0.5f);
        return outer.Op(inner, SKPathOp.Difference);
    }

    private static SKPath Moon()
    {
        using SKPath outer = Circle(0.95f);
        using SKPath shadow = Circle(0.8f, 0.5f, -0.2f);
        return outer.Op(shadow, SKPathOp.Difference);
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

    private static SKPath Heart()
    {
        SKPath path = new();
        path.MoveTo(0, 0.95f);
        path.CubicTo(-1.5f, -0.1f, -0.85f, -1.25f, 0, -0.45f);
        path.CubicTo(0.85f, -1.25f, 1.5f, -0.1f, 0, 0.95f);
        path.Close();
        return path;
    }
}
