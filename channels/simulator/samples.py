"""Two photos a citizen of Waterkant can send without having one: drawn here, so nothing needs to be shipped."""

import io
import math
import random
from functools import cache

from PIL import Image, ImageDraw, ImageFilter

SAMPLES = {
    "losliggende-stoeptegel.jpg": "Losliggende stoeptegel",
    "volle-container.jpg": "Volle container",
}
SIZE = (960, 720)


@cache
def sample(name: str) -> bytes:
    """The JPEG of a sample. Raises KeyError for a name that is not in SAMPLES."""
    draw = {"losliggende-stoeptegel.jpg": _pavement, "volle-container.jpg": _container}[name]
    picture = _grain(draw(random.Random(name)))  # noqa: S311  the same picture every time, nothing secret
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=82)
    return out.getvalue()


def _grain(picture: Image.Image) -> Image.Image:
    """A little noise and vignetting: a phone's photo rather than a drawing."""
    noise = Image.effect_noise(SIZE, 26).convert("RGB")
    picture = Image.blend(picture, noise, 0.09).filter(ImageFilter.GaussianBlur(0.7))
    light = Image.new("L", SIZE, 0)
    ImageDraw.Draw(light).ellipse((-220, -200, SIZE[0] + 220, SIZE[1] + 200), fill=255)
    light = light.filter(ImageFilter.GaussianBlur(150))
    return Image.composite(picture, picture.point([int(v * 0.72) for v in range(256)] * 3), light)


def _shade(rng: random.Random, base: tuple[int, int, int], spread: int) -> tuple[int, int, int]:
    step = rng.randint(-spread, spread)
    return (base[0] + step, base[1] + step, base[2] + step)


def _pavement(rng: random.Random) -> Image.Image:
    picture = Image.new("RGB", SIZE, (88, 84, 76))
    draw = ImageDraw.Draw(picture)
    side = 176
    for row in range(-1, 6):
        shift = (row % 2) * side // 2
        for column in range(-1, 7):
            x, y = column * side - shift, row * side - 40
            draw.rounded_rectangle((x + 4, y + 4, x + side - 4, y + side - 4), 5, _shade(rng, (163, 161, 154), 9))
            for _ in range(26):
                px, py = x + rng.randint(10, side - 12), y + rng.randint(10, side - 12)
                draw.ellipse((px, py, px + 3, py + 2), _shade(rng, (142, 140, 132), 10))
    for _ in range(240):  # moss in the joints
        row = rng.randint(0, 5)
        px, py = rng.randint(0, SIZE[0]), row * side - 40 + rng.randint(-4, 5)
        draw.ellipse((px, py, px + rng.randint(3, 9), py + rng.randint(2, 5)), _shade(rng, (92, 106, 62), 12))
    x, y = 396, 268
    draw.rectangle((x - 4, y - 4, x + side + 4, y + side + 4), (60, 50, 40))
    for _ in range(420):  # sand under the loose tile
        px, py = x + rng.randint(0, side), y + rng.randint(0, side)
        draw.ellipse((px, py, px + 4, py + 3), _shade(rng, (128, 106, 74), 18))
    _loose_tile(picture, rng, (x + side // 2 + 26, y + side // 2 - 30), side)
    return picture


def _loose_tile(picture: Image.Image, rng: random.Random, middle: tuple[int, int], side: int) -> None:
    def corners(grow: float, dx: int, dy: int) -> list[tuple[float, float]]:
        radius = side / math.sqrt(2) * grow
        return [
            (
                middle[0] + dx + radius * math.cos(math.radians(45 + 13 + 90 * step)),
                middle[1] + dy + radius * 0.93 * math.sin(math.radians(45 + 13 + 90 * step)),
            )
            for step in range(4)
        ]

    shadow = Image.new("L", SIZE, 0)
    ImageDraw.Draw(shadow).polygon(corners(1.05, 16, 26), fill=150)
    picture.paste((24, 22, 20), (0, 0), shadow.filter(ImageFilter.GaussianBlur(10)))
    draw = ImageDraw.Draw(picture)
    draw.polygon(corners(1.0, 3, 11), fill=(112, 109, 102))  # its side
    draw.polygon(corners(1.0, 0, 0), fill=(181, 179, 171))
    for _ in range(60):
        px, py = middle[0] + rng.randint(-70, 70), middle[1] + rng.randint(-60, 60)
        draw.ellipse((px, py, px + 3, py + 2), _shade(rng, (158, 156, 148), 10))


def _container(rng: random.Random) -> Image.Image:
    picture = Image.new("RGB", SIZE, (176, 190, 200))
    draw = ImageDraw.Draw(picture)
    for row in range(0, 430, 26):  # a brick wall
        for column in range(-1, 13):
            x = column * 84 - (row // 26 % 2) * 42
            draw.rectangle((x, row, x + 80, row + 22), _shade(rng, (150, 96, 76), 12))
    draw.rectangle((0, 430, *SIZE), (128, 126, 122))
    for column in range(-2, 14):  # the pavement, in perspective
        draw.line((480 + (column - 6) * 90, 430, 480 + (column - 6) * 210, SIZE[1]), (108, 106, 102), 3)
    for y in (470, 530, 620):
        draw.line((0, y, SIZE[0], y), (108, 106, 102), 3)
    shadow = Image.new("L", SIZE, 0)
    ImageDraw.Draw(shadow).ellipse((210, 560, 800, 670), fill=170)
    picture.paste((40, 40, 40), (0, 0), shadow.filter(ImageFilter.GaussianBlur(16)))
    draw.polygon(((300, 250), (660, 250), (640, 610), (320, 610)), fill=(74, 84, 80))
    draw.polygon(((300, 250), (350, 250), (362, 610), (320, 610)), fill=(88, 99, 94))
    for x in (420, 480, 540, 600):
        draw.line((x, 280, x - (480 - x) // -12, 600), (64, 73, 70), 5)
    for x in (350, 612):
        draw.ellipse((x - 26, 590, x + 26, 642), (38, 38, 38))
        draw.ellipse((x - 10, 606, x + 10, 626), (120, 120, 120))
    bags = (
        (330, 150, 150), (470, 120, 165), (560, 175, 120), (400, 190, 140), (160, 500, 165), (700, 520, 150),
        (250, 560, 120),
    )  # fmt: skip
    for x, y, size in bags:
        base = rng.choice(((52, 54, 60), (66, 70, 78), (214, 214, 206), (44, 46, 52)))
        draw.ellipse((x, y, x + size, y + size * 0.86), _shade(rng, base, 4))
        draw.polygon(
            ((x + size * 0.42, y + 14), (x + size * 0.5, y - 26), (x + size * 0.6, y + 14)),
            _shade(rng, base, 8),
        )
        for step in range(4):  # folds that catch the light
            draw.arc(
                (x + 12 + step * 9, y + 10 + step * 8, x + size - 10, y + size * 0.8),
                200, 262, _shade(rng, (base[0] + 34, base[1] + 34, base[2] + 36), 6), 4,
            )  # fmt: skip
    draw.polygon(((292, 236), (668, 236), (664, 262), (296, 262)), fill=(54, 62, 59))
    draw.polygon(((668, 236), (770, 86), (786, 96), (690, 250)), fill=(62, 71, 68))  # the lid, pushed open
    draw.rectangle((430, 380, 530, 480), (226, 222, 208))
    draw.ellipse((452, 402, 508, 458), outline=(96, 110, 102), width=7)
    return picture
