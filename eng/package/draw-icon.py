"""Draws icon.png: noise on the left turning into a disc on the right, with a row of memory entries below.

Run by hand: python3 eng/package/draw-icon.py
"""
import os
import random
import struct
import zlib

SIZE, SCALE = 128, 4
BACKGROUND, DISC, NOISE = (0x16, 0x24, 0x3A), (0xF7, 0x9F, 0x10), (0x7F, 0xB2, 0xE5)
ENTRIES = [(0xE6, 0x39, 0x46), (0xF7, 0x9F, 0x10), (0x2A, 0x9D, 0x4F), (0x2F, 0x5F, 0xE0)]
dice = random.Random(7)
grain = [[dice.random() for _ in range(SIZE // SCALE)] for _ in range(SIZE // SCALE)]


def colour(x, y):
    if y >= 100:
        inside = 8 <= (x % 32) < 24 and 104 <= y < 120
        return ENTRIES[x // 32] if inside else BACKGROUND
    order = max(0.0, min(1.0, (x - 20) / 70))
    target = DISC if (x - 64) ** 2 + (y - 50) ** 2 < 38 ** 2 else BACKGROUND
    return target if grain[y // SCALE][x // SCALE] < order else (NOISE if grain[x // SCALE][y // SCALE] < 0.5 else BACKGROUND)


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


rows = b"".join(b"\0" + b"".join(bytes(colour(x, y)) for x in range(SIZE)) for y in range(SIZE))
header = chunk(b"IHDR", struct.pack(">IIBBBBB", SIZE, SIZE, 8, 2, 0, 0, 0))
png = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "icon.png"), "wb") as file:
    file.write(png)
