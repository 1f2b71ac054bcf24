"""The refining network of pursuit models in numpy, forward and backward.

The network is that of `refining_decoder`: y' = y + s r(y) for a sum of waveforms y and its
roughness s. Each step returns its result and the function that takes a gradient with respect to
that result back to its inputs.
"""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float32]
Kernel: TypeAlias = tuple[Floats, Floats]
Back: TypeAlias = Callable[[Floats], Floats]

_LEAK = np.float32(0.2)
_PATCH = 4
_LEAST_KM2 = np.float32(1e-6)


class Refinement:
    """What is added to sums of waveforms.

    Parameters
    ----------
    kernels : sequence of (kernel, bias)
        Convolutions in the order of `refining_decoder`, kernels of shape (rows, columns, in, out).
    levels : int
        Levels of the network.
    """

    def __init__(self, kernels: Sequence[Kernel], levels: int) -> None:
        if len(kernels) != 5 * levels - 2:
            raise ValueError(f"{levels} levels have {5 * levels - 2} kernels, not {len(kernels)}")
        self.kernels, self.levels = list(kernels), levels

    def refine(
        self, whole: Floats, smooth: Floats
    ) -> tuple[Floats, Callable[[Floats], tuple[Floats, Floats]]]:
        """Return refined tiles, and what takes their gradient back to `whole` and `smooth`.

        Parameters
        ----------
        whole, smooth : ndarray, shape (count, tile, tile)
            All waveforms, and those of the smooth part alone, kilometres.
        """
        local = whole - smooth
        rough = np.sqrt((local**2).mean(axis=(1, 2), keepdims=True) + _LEAST_KM2)
        level = smooth.mean(axis=(1, 2), keepdims=True)
        channels = np.stack([local / rough, smooth - level, whole / np.float32(4)], axis=-1)
        change, back_network = self._network(channels)

        def back(gradient: Floats) -> tuple[Floats, Floats]:
            of_local, of_smooth, of_whole = np.moveaxis(back_network(rough * gradient), -1, 0)
            of_rough = gradient * change - of_local * local / rough**2
            along = of_rough.sum(axis=(1, 2), keepdims=True) / local[0].size
            of_local = of_local / rough + along * local / rough
            of_smooth = of_smooth - of_smooth.mean(axis=(1, 2), keepdims=True)
            return gradient + of_whole / np.float32(4) + of_local, of_smooth - of_local

        return whole + rough * change, back

    def _network(self, channels: Floats) -> tuple[Floats, Back]:
        features, back_levels = self._level(_space_to_depth(channels, _PATCH), 0)
        patch, back_patch = _convolution(features, self.kernels[-1])

        def back(gradient: Floats) -> Floats:
            of_patch = _space_to_depth(gradient[..., None], _PATCH)
            return _depth_to_space(back_levels(back_patch(of_patch)), _PATCH)

        return _depth_to_space(patch, _PATCH)[..., 0], back

    def _level(self, features: Floats, level: int) -> tuple[Floats, Back]:
        """Apply a level of the network and all below it."""
        first, back_first = _layer(features, self.kernels[2 * level])
        skip, back_second = _layer(first, self.kernels[2 * level + 1])
        if level == self.levels - 1:
            return skip, lambda gradient: back_first(back_second(gradient))
        upward = 2 * self.levels + 3 * (self.levels - 2 - level)
        below, back_below = self._level(_space_to_depth(skip, 2), level + 1)
        raised, back_raised = _convolution(below, self.kernels[upward])
        joined = np.concatenate([_depth_to_space(raised, 2), skip], axis=-1)
        third, back_third = _layer(joined, self.kernels[upward + 1])
        fourth, back_fourth = _layer(third, self.kernels[upward + 2])

        def back(gradient: Floats) -> Floats:
            of_joined = back_third(back_fourth(gradient))
            count = raised.shape[-1] // 4
            of_raised = _space_to_depth(of_joined[..., :count], 2)
            of_skip = of_joined[..., count:] + _depth_to_space(
                back_below(back_raised(of_raised)), 2
            )
            return back_first(back_second(of_skip))

        return fourth, back


def _layer(features: Floats, kernel: Kernel) -> tuple[Floats, Back]:
    """Apply a convolution and a leaky rectifier."""
    convolved, back = _convolution(features, kernel)
    out = np.maximum(convolved, _LEAK * convolved)
    slope = np.where(convolved > 0, np.float32(1), _LEAK)
    return out, lambda gradient: back(slope * gradient)


def _convolution(features: Floats, kernel: Kernel) -> tuple[Floats, Back]:
    """Apply a convolution of stride 1 that keeps the size, zero beyond the edges."""
    weights, bias = kernel
    turned = weights[::-1, ::-1].transpose(0, 1, 3, 2)
    return _correlated(features, weights) + bias, lambda gradient: _correlated(gradient, turned)


def _correlated(features: Floats, weights: Floats) -> Floats:
    reach = weights.shape[0] // 2
    count, rows, columns, _ = features.shape
    padded = np.pad(features, ((0, 0), (reach, reach), (reach, reach), (0, 0)))
    out = np.zeros((count, rows, columns, weights.shape[3]), dtype=features.dtype)
    for i in range(weights.shape[0]):
        for j in range(weights.shape[1]):
            out += padded[:, i : i + rows, j : j + columns] @ weights[i, j]
    return out


def _space_to_depth(features: Floats, block: int) -> Floats:
    count, rows, columns, channels = features.shape
    split = features.reshape(count, rows // block, block, columns // block, block, channels)
    turned = split.transpose(0, 1, 3, 2, 4, 5)
    return turned.reshape(count, rows // block, columns // block, block * block * channels)


def _depth_to_space(features: Floats, block: int) -> Floats:
    count, rows, columns, depth = features.shape
    channels = depth // block**2
    split = features.reshape(count, rows, columns, block, block, channels)
    turned = split.transpose(0, 1, 3, 2, 4, 5)
    return turned.reshape(count, rows * block, columns * block, channels)
