using GMem.Images;

namespace LatentImages;

/// <summary>Pictures for a run without photographs: skies of many colours over hills, each another one.</summary>
internal static class Pictures
{
    private const int Count = 32;
    private const int Width = 96;
    private const int Height = 80;

    public static void Write(string folder, int seed)
    {
        Directory.CreateDirectory(folder);
        Random random = new(seed);
        for (int i = 0; i < Count; i++)
        {
            PngWriter.Write(Path.Combine(folder, $"{i:D3}.png"), Draw(random));
        }
    }

    private static RgbImage Draw(Random random)
    {
        (double hill, double wave, double phase) = (random.Next(30, 60), random.Next(4, 14), random.NextDouble() * 6);
        byte[] sky = new byte[3], ground = new byte[3], pixels = new byte[Width * Height * 3];
        random.NextBytes(sky);
        random.NextBytes(ground);
        for (int y = 0; y < Height; y++)
        {
            for (int x = 0; x < Width; x++)
            {
                bool isGround = y > hill + (wave * Math.Sin((x / 12.0) + phase));
                for (int c = 0; c < 3; c++)
                {
                    pixels[(((y * Width) + x) * 3) + c] = isGround ? ground[c] : (byte)((sky[c] * (Height + y)) / (2 * Height));
                }
            }
        }

        return new RgbImage(Width, Height, pixels);
    }
}
