"""Models made by training, in one ``.keras`` file of registered layers."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import keras
import numpy as np
import numpy.typing as npt

from exacouple.atomic import atomic_file
from exacouple.autoencoders import layers
from exacouple.autoencoders.codec import Floats, Scaling, check_codes, check_tiles
from exacouple.autoencoders.export import to_portable
from exacouple.errors import ExacoupleError

_BATCH = 64


class KerasCodec:
    """An encoder and a decoder of Keras as a codec; see `exacouple.autoencoders.codec.Codec`.

    The file is a model from metres to the code and to metres, with the layers ``encoder`` and
    ``decoder``; the layer ``unit`` carries name, range and facts.
    """

    def __init__(self, model: keras.Model) -> None:
        self._model = model
        self._encoder, self._decoder = model.get_layer("encoder"), model.get_layer("decoder")
        unit = model.get_layer("unit")
        record = dict(unit.facts)
        self.name = str(record.pop("name"))
        self.facts: Mapping[str, Any] = record
        self.scale = Scaling(unit.minimum_m, unit.maximum_m)
        self.latents = int(self._decoder.input_shape[-1])
        self.tile = int(self._encoder.input_shape[1])
        waveforms = [layer for layer in self._decoder.layers if layer.name == "waveforms"]
        self._searches = bool(waveforms) and not waveforms[0].chosen

    @classmethod
    def of(
        cls,
        name: str,
        encoder: keras.Model,
        decoder: keras.Model,
        scale: Scaling,
        facts: Mapping[str, Any],
    ) -> Self:
        """Return a codec of two networks that work on tiles scaled to [0, 1]."""
        ends = (scale.minimum_m, scale.maximum_m)
        tile = encoder.input_shape[1]
        inputs = keras.Input((tile, tile, 1), dtype="float32", name="metres")
        unit = layers.UnitScale(*ends, facts={"name": name, **facts}, name="unit")(inputs)
        outputs = encoder(unit)
        code = outputs[0] if isinstance(outputs, list | tuple) else outputs
        back = layers.UnitScale(*ends, inverse=True, name="back")(decoder(code))
        return cls(keras.Model(inputs, [code, back], name=name))

    def encode(self, tiles: npt.NDArray[Any]) -> Floats:
        """Return the codes of tiles in metres, shape (count, latents): means, not samples.

        A pursuit model without chosen atoms searches for them, see `PursuitCodec.encode`.
        """
        if self._searches:
            return to_portable(self).encode(tiles)
        unit = self.scale.to_unit(check_tiles(tiles, self.tile))[..., None]
        return self._applied(self._encoder, unit, (self.latents,))

    def decode(self, codes: npt.NDArray[Any]) -> Floats:
        """Return the tiles of codes in metres, shape (count, tile, tile)."""
        codes = check_codes(codes, self.latents)
        unit = self._applied(self._decoder, codes, (self.tile, self.tile, 1))
        return self.scale.to_metres(unit[..., 0])

    def save(self, path: str | Path, *, force: bool = False) -> None:
        """Write a ``.keras`` file."""
        with atomic_file(path, force=force) as temporary:
            self._model.save(temporary)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what `save` wrote; nothing in the file is executed.

        Raises
        ------
        ExacoupleError
            The file is damaged, or is no model of exacouple.
        """
        try:
            model = keras.models.load_model(path, compile=False, safe_mode=True)
            return cls(model)
        except Exception as exc:
            message = str(exc).strip().splitlines()
            raise ExacoupleError(
                f"{path}: cannot be read as a model of exacouple: "
                f"{message[0] if message else type(exc).__name__}"
            ) from exc

    @property
    def networks(self) -> tuple[keras.Model, keras.Model]:
        """The encoder and the decoder."""
        return self._encoder, self._decoder

    @staticmethod
    def _applied(network: keras.Model, inputs: Floats, shape: tuple[int, ...]) -> Floats:
        parts = [np.empty((0, *shape), dtype=np.float32)]
        for start in range(0, len(inputs), _BATCH):
            outputs = network(inputs[start : start + _BATCH], training=False)
            first = outputs[0] if isinstance(outputs, list | tuple) else outputs
            parts.append(np.asarray(first, dtype=np.float32))
        return np.concatenate(parts)
