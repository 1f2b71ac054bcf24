"""Layers of the autoencoders, registered so that ``.keras`` files load in safe mode."""

from typing import Any

import keras
import numpy as np
from keras import ops

from exacouple.autoencoders.dictionary import (
    FIELDS,
    FREQUENCIES,
    Dictionary,
    cosine_matrix,
    smooth_count,
)

Tensor = Any
_PACKAGE = "exacouple"
_DEPENDENT = 1e-3


@keras.saving.register_keras_serializable(package=_PACKAGE)
class ReflectionPadding(keras.layers.Layer):
    """Mirror the tile at its edges by `width` pixels, the edge itself not repeated."""

    def __init__(self, width: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.width = width

    def call(self, inputs: Tensor) -> Tensor:
        edge = (self.width, self.width)
        return ops.pad(inputs, ((0, 0), edge, edge, (0, 0)), mode="reflect")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "width": self.width}


@keras.saving.register_keras_serializable(package=_PACKAGE)
class ClippedLogVariance(keras.layers.Layer):
    """Hold a log-variance between two bounds, so that its exponential cannot overflow."""

    def __init__(self, lowest: float = -20.0, highest: float = 10.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.lowest, self.highest = lowest, highest

    def call(self, inputs: Tensor) -> Tensor:
        return ops.clip(inputs, self.lowest, self.highest)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "lowest": self.lowest, "highest": self.highest}


@keras.saving.register_keras_serializable(package=_PACKAGE)
class SpaceToDepth(keras.layers.Layer):
    """Put squares of b x b pixels into channels: (n, r, c, k) -> (n, r / b, c / b, b b k)."""

    def __init__(self, block: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.block = block

    def call(self, inputs: Tensor) -> Tensor:
        rows, columns, channels = inputs.shape[1:]
        b = self.block
        split = ops.reshape(inputs, (-1, rows // b, b, columns // b, b, channels))
        turned = ops.transpose(split, (0, 1, 3, 2, 4, 5))
        return ops.reshape(turned, (-1, rows // b, columns // b, b * b * channels))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "block": self.block}


@keras.saving.register_keras_serializable(package=_PACKAGE)
class DepthToSpace(keras.layers.Layer):
    """Undo `SpaceToDepth`: (n, r, c, b b k) -> (n, b r, b c, k)."""

    def __init__(self, block: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.block = block

    def call(self, inputs: Tensor) -> Tensor:
        rows, columns, depth = inputs.shape[1:]
        b = self.block
        channels = depth // (b * b)
        split = ops.reshape(inputs, (-1, rows, columns, b, b, channels))
        turned = ops.transpose(split, (0, 1, 3, 2, 4, 5))
        return ops.reshape(turned, (-1, rows * b, columns * b, channels))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "block": self.block}


@keras.saving.register_keras_serializable(package=_PACKAGE)
class UnitScale(keras.layers.Layer):
    """Turn metres into [0, 1] by the range of a data set, or back; carries the model's facts."""

    def __init__(
        self,
        minimum_m: float,
        maximum_m: float,
        *,
        inverse: bool = False,
        facts: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})
        self.minimum_m, self.maximum_m = minimum_m, maximum_m
        self.inverse = inverse
        self.facts = facts or {}

    def call(self, inputs: Tensor) -> Tensor:
        span = self.maximum_m - self.minimum_m
        if self.inverse:
            return inputs * span + self.minimum_m
        return (inputs - self.minimum_m) / span

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "minimum_m": self.minimum_m,
            "maximum_m": self.maximum_m,
            "inverse": self.inverse,
            "facts": self.facts,
        }


class _OfDictionary(keras.layers.Layer):
    """Common part of the layers that hold the table of a dictionary and the scale of codes.

    A code is [fixed coefficients, amplitudes, numbers of the atoms]. The first two are in units of
    their standard deviation over the training part, after their mean is taken off: both are
    weights that are not trained.
    """

    def __init__(
        self,
        fixed: list[list[int]],
        atoms: list[list[float]],
        chosen: int,
        tile: int = 96,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"dtype": "float32", "trainable": False, **kwargs})
        self.chosen, self.tile = chosen, tile
        self.dictionary = Dictionary(
            np.asarray(fixed, dtype=np.int64),
            np.asarray(atoms, dtype=np.float32).reshape(-1, len(FIELDS)),
            tile,
        )

    @property
    def _numbers(self) -> int:
        return len(self.dictionary.fixed) + self.chosen

    def build(self, input_shape: Any) -> None:
        shape = (self._numbers,)
        self.mean = self.add_weight(shape=shape, initializer="zeros", trainable=False, name="mean")
        self.deviation = self.add_weight(
            shape=shape, initializer="ones", trainable=False, name="deviation"
        )

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "fixed": self.dictionary.fixed.tolist(),
            "atoms": [[float(number) for number in row] for row in self.dictionary.atoms],
            "chosen": self.chosen,
            "tile": self.tile,
        }


@keras.saving.register_keras_serializable(package=_PACKAGE)
class PursuitEncoder(_OfDictionary):
    """The code of a tile by orthogonal matching pursuit; see `exacouple.autoencoders.pursuit`.

    Takes tiles in kilometres, shape (batch, tile, tile, 1); gives codes, shape
    (batch, fixed + 2 chosen). It has no gradient: the choice of atoms is discrete.
    """

    def call(self, inputs: Tensor) -> Tensor:
        rows = ops.convert_to_tensor(cosine_matrix(self.tile))
        low = ops.matmul(ops.matmul(rows, inputs[..., 0]), ops.transpose(rows))
        spectrum = ops.reshape(low, (-1, FREQUENCIES**2))
        numbers = ops.take(spectrum, self.dictionary.places, axis=1)
        if not self.chosen:
            return ops.stop_gradient((numbers - self.mean) / self.deviation)
        atoms = ops.convert_to_tensor(self.dictionary.matrix)
        gram = ops.convert_to_tensor(self.dictionary.gram)
        chosen, amplitudes = self._pursue(ops.matmul(spectrum, ops.transpose(atoms)), gram)
        numbers = ops.concatenate([numbers, amplitudes], axis=1)
        standard = (numbers - self.mean) / self.deviation
        code = ops.concatenate([standard, ops.cast(chosen, "float32")], axis=1)
        return ops.stop_gradient(code)

    def _pursue(self, left: Tensor, gram: Tensor) -> tuple[Tensor, Tensor]:
        batch, count = ops.shape(left)[0], left.shape[1]
        spent = ops.zeros_like(left)
        known: Tensor = None
        chosen, columns, along, lengths = [], [], [], []
        for step in range(self.chosen):
            best = ops.argmax(ops.abs(left) - 1e30 * spent, axis=1)
            mask = ops.one_hot(best, count, dtype="float32")
            new = ops.take(gram, best, axis=0)
            if step:
                before = ops.take_along_axis(known, ops.reshape(best, (-1, 1, 1)), axis=2)
                new = new - ops.sum(before * known, axis=1)
                before = before[:, :, 0]
                square = 1.0 - ops.sum(ops.square(before), axis=1)
            else:
                before = ops.zeros((batch, 0))
                square = ops.ones((batch,))
            length = ops.sqrt(ops.maximum(square, _DEPENDENT))
            new = new / length[:, None]
            step_along = ops.sum(mask * left, axis=1) / length
            left = left - step_along[:, None] * new
            known = new[:, None] if known is None else ops.concatenate([known, new[:, None]], 1)
            spent = spent + mask
            chosen.append(best)
            along.append(step_along)
            lengths.append(length)
            columns.append(before)
        return ops.stack(chosen, axis=1), self._back_substituted(columns, along, lengths)

    def _back_substituted(
        self, columns: list[Tensor], along: list[Tensor], lengths: list[Tensor]
    ) -> Tensor:
        right = ops.stack(along, axis=1)
        amplitudes: list[Tensor] = []
        for step in reversed(range(self.chosen)):
            amplitude = right[:, step] / lengths[step]
            amplitudes.insert(0, amplitude)
            right = right[:, :step] - amplitude[:, None] * columns[step]
        return ops.stack(amplitudes, axis=1)

    def compute_output_shape(self, input_shape: Any) -> tuple[Any, ...]:
        return (input_shape[0], self._numbers + self.chosen)


@keras.saving.register_keras_serializable(package=_PACKAGE)
class DictionaryDecoder(_OfDictionary):
    """The tile of a code as a sum of waveforms, in kilometres.

    Gives two channels, shape (batch, tile, tile, 2): all waveforms, and the smooth part alone,
    which is that of the first `smooth_count` fixed cosines.
    """

    def call(self, inputs: Tensor) -> Tensor:
        numbers = inputs[:, : self._numbers] * self.deviation + self.mean
        count = len(self.dictionary.fixed)
        smooth = smooth_count(count, self.chosen)
        unit = np.zeros((count, FREQUENCIES**2), dtype=np.float32)
        unit[np.arange(count), self.dictionary.places] = 1.0
        base, rest = (
            ops.matmul(numbers[:, part], ops.convert_to_tensor(unit[part]))
            for part in (slice(0, smooth), slice(smooth, count))
        )
        if self.chosen:
            rest = rest + self._local(numbers[:, count:], inputs[:, self._numbers :])
        spectra = ops.reshape(
            ops.stack([base + rest, base], axis=1), (-1, 2, FREQUENCIES, FREQUENCIES)
        )
        rows = ops.convert_to_tensor(cosine_matrix(self.tile))
        tiles = ops.matmul(ops.matmul(ops.transpose(rows), spectra), rows)
        return ops.transpose(tiles, (0, 2, 3, 1))

    def _local(self, amplitudes: Tensor, chosen: Tensor) -> Tensor:
        numbers = ops.clip(ops.cast(ops.round(chosen), "int32"), 0, len(self.dictionary.atoms) - 1)
        atoms = ops.take(ops.convert_to_tensor(self.dictionary.matrix), numbers, axis=0)
        return ops.sum(amplitudes[:, :, None] * atoms, axis=1)

    def compute_output_shape(self, input_shape: Any) -> tuple[Any, ...]:
        return (input_shape[0], self.tile, self.tile, 2)


@keras.saving.register_keras_serializable(package=_PACKAGE)
class Roughness(keras.layers.Layer):
    """RMS of what is added to the smooth part, km, shape (batch, 1, 1, 1), plus 1 m."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})

    def call(self, inputs: Tensor) -> Tensor:
        local = inputs[..., :1] - inputs[..., 1:]
        return ops.sqrt(ops.mean(ops.square(local), axis=(1, 2), keepdims=True) + 1e-6)


@keras.saving.register_keras_serializable(package=_PACKAGE)
class RefinementInputs(keras.layers.Layer):
    """Channels that the refinement sees of the sums of waveforms and of their roughness s.

    (y - f) / s, the smooth part without its level (f - mean f) / 1 km, and the level y / 4 km,
    where y is the sum of all waveforms and f its smooth part.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})

    def call(self, inputs: list[Tensor]) -> Tensor:
        sums, roughness = inputs
        whole, fixed = sums[..., :1], sums[..., 1:]
        level = ops.mean(fixed, axis=(1, 2), keepdims=True)
        return ops.concatenate([(whole - fixed) / roughness, fixed - level, whole / 4.0], axis=-1)


@keras.saving.register_keras_serializable(package=_PACKAGE)
class SharedLogVariance(keras.layers.Layer):
    """A log-variance per latent that is the same for every tile; the indices of atoms have none."""

    def __init__(self, latents: int, initial: float = -6.0, **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})
        self.latents, self.initial = latents, initial

    def build(self, input_shape: Any) -> None:
        self.value = self.add_weight(
            shape=(self.latents,),
            initializer=keras.initializers.Constant(self.initial),
            name="log_variance",
        )

    def call(self, inputs: Tensor) -> Tensor:
        return ops.zeros_like(inputs[:, : self.latents]) + self.value

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "latents": self.latents, "initial": self.initial}
