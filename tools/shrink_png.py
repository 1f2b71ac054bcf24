"""Rewrite figures with few colours, a fraction of the size: python tools/shrink_png.py FILE...

The colours are those that serve the picture best, without dithering; the eye sees no difference in
curves and maps of one colour scale.
"""

import io
import sys
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from exacouple.atomic import atomic_file

COLOURS = 256


def shrink(source: Path, target: Path, *, colours: int = COLOURS) -> int:
    """Write a PNG with at most so many colours, over another one if need be; return its bytes."""
    with Image.open(source) as image:
        reduced = image.convert("RGB").quantize(colours, dither=Image.Dither.NONE)
    buffer = io.BytesIO()
    reduced.save(buffer, "PNG", optimize=True)
    with atomic_file(target, force=True) as temporary:
        temporary.write_bytes(buffer.getvalue())
    return len(buffer.getvalue())


def main(arguments: Sequence[str]) -> int:
    """Shrink files in place."""
    if not arguments or any(argument.startswith("-") for argument in arguments):
        print(__doc__.splitlines()[0], file=sys.stderr)
        return 2
    for path in map(Path, arguments):
        before = path.stat().st_size
        print(f"{path}: {before // 1024} kB, now {shrink(path, path) // 1024} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
