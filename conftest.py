"""Leave modules that need TensorFlow out of the collection of doctests where it is missing."""

import importlib.util
from pathlib import Path

_NEEDS = ("import keras", "from keras", "import tensorflow")

collect_ignore: list[str] = []
if importlib.util.find_spec("keras") is None:
    collect_ignore += [
        str(path.relative_to(Path(__file__).parent))
        for path in Path(__file__).parent.glob("exacouple/autoencoders/*.py")
        if any(line.startswith(_NEEDS) for line in path.read_text(encoding="utf-8").splitlines())
        or path.name in ("dfcvae.py", "train.py")
    ]
