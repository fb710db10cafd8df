namespace GMem.PipelineTests;

/// <summary>
/// Texts as people might write them, and the label that each asks for. None is among the example's training texts. If the example fails on
/// one, improve the example, not the text.
/// </summary>
internal static class Paraphrases
{
    public static IReadOnlyList<(string Text, string Label)> OfShapes { get; } =
    [
        ("Could I have a ring, a tiny one, in blue?", "small blue ring"),
        ("I'm looking for a circle that is red and big", "large red circle"),
        ("a triangle, small and green", "small green triangle"),
        ("make the square huge and colour it orange", "large orange square"),
        ("blue crosses, the little sort", "small blue cross"),
        ("my favourite is an enormous crimson disc", "large red circle"),
        ("what would a miniature emerald triangle look like?", "small green triangle"),
        ("LARGE BLUE SQUARE!!!", "large blue square"),
        ("the cross should be orange; keep it small", "small orange cross"),
        ("there is a big hoop painted scarlet", "large red ring"),
        ("we need something round: a giant green circle", "large green circle"),
        ("a navy box that takes up a lot of space, so large", "large blue square"),
        ("please, a ring of green colour and great size", "large green ring"),
        ("orange triangles are what I like, big ones", "large orange triangle"),
        ("put a little red square in the picture", "small red square"),
        ("one very small dot, blue like the sea", "small blue circle"),
        ("a tangerine-coloured ring, tiny", "small orange ring"),
        ("two red lines forming a cross, quite large", "large red cross"),
        ("azure triangle of small size", "small blue triangle"),
        ("show the green square, the mini version", "small green square"),
        ("imagine a massive blue ring", "large blue ring"),
        ("the smallest red triangle you have", "small red triangle"),
        ("amber disk, large as can be", "large orange circle"),
        ("a green plus sign, big", "large green cross"),
        ("I want to see red rings that are little", "small red ring"),
    ];

    public static IReadOnlyList<(string Text, string Label)> OfClasses { get; } =
    [
        ("an aeroplane high above the clouds", "airplane"),
        ("we watched a jet take off", "airplane"),
        ("passenger planes at the airport", "airplane"),
        ("my neighbour's new car", "automobile"),
        ("cars parked along the street", "automobile"),
        ("a family sedan with four doors", "automobile"),
        ("a bird sitting on a branch", "bird"),
        ("sparrows in the garden", "bird"),
        ("the most colourful parrot in the zoo", "bird"),
        ("a kitten asleep on the sofa", "cat"),
        ("two cats chasing each other", "cat"),
        ("kitty wants her dinner", "cat"),
        ("a stag at the edge of the forest", "deer"),
        ("deer crossing the road", "deer"),
        ("Puppy with floppy ears.", "dog"),
        ("who let the dogs out?", "dog"),
        ("an old hound by the fire", "dog"),
        ("there's a green frog on a lily pad", "frog"),
        ("toads in the pond", "frog"),
        ("a girl riding her pony", "horse"),
        ("wild horses galloping through water", "horse"),
        ("a sailing boat on a calm lake", "ship"),
        ("the ship left the harbour this morning", "ship"),
        ("lorry stuck in traffic", "truck"),
        ("fire truck with its lights on", "truck"),
    ];

    /// <summary>Texts that name no label of either kind.</summary>
    public static IReadOnlyList<string> OfNothing { get; } =
    [
        "the weather in Paris", "how do I bake bread?", "a bowl of tomato soup", "my grandmother's birthday", "draw me something nice",
        "the big city at night", "what time is it in Tokyo?", "an old castle in the mountains", "please give me one of those",
        "asdf qwerty",
    ];
}
