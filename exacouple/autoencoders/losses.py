"""Losses of the autoencoders, one function each: formula, unit and reference.

Tiles have the shape (batch, rows, columns, 1). Every loss of a pair of tiles returns one number per
tile, shape (batch,). Pixels are summed, as the likelihood of a tile has it, or averaged.
"""

import math
from typing import Any, Literal

import keras
from keras import ops

Tensor = Any
Reduction = Literal["sum", "mean"]

_SIGMOID_START = -10.0
_SIGMOID_GROWTH = 1.3
_SIGMOID_FIRST_EPOCH = 3


def charbonnier(
    true: Tensor,
    made: Tensor,
    *,
    epsilon: float = 1e-5,
    reduction: Reduction = "sum",
    weight: Tensor | None = None,
) -> Tensor:
    """Return sum_p w_p sqrt((x_p - y_p)^2 + epsilon^2): a smooth absolute difference.

    Parameters
    ----------
    true, made : tensor, shape (batch, rows, columns, channels)
    epsilon : float
        Where the square turns into the absolute value, in the unit of the tiles.
    reduction : {"sum", "mean"}
        Sum over the pixels, or their mean.
    weight : tensor, optional
        Weights of the pixels, as `sea_weight` gives them.

    References
    ----------
    Charbonnier, Blanc-Feraud, Aubert and Barlaud (1994), Proc. 1st ICIP, 168-172.
    """
    difference = ops.sqrt(ops.square(true - made) + epsilon**2)
    return _reduce(difference if weight is None else weight * difference, reduction)


def squared(
    true: Tensor, made: Tensor, *, reduction: Reduction = "mean", weight: Tensor | None = None
) -> Tensor:
    """Return the sum or mean of w_p (x_p - y_p)^2.

    Half of it is the negative log-likelihood of a normal law of variance 1, but for a constant.

    References
    ----------
    Bishop (2006), Pattern recognition and machine learning, section 1.2.5.
    """
    difference = ops.square(true - made)
    return _reduce(difference if weight is None else weight * difference, reduction)


def gaussian_likelihood(
    true: Tensor, made: Tensor, log_variance: Tensor, *, weight: Tensor | None = None
) -> Tensor:
    """Return -log N(x; y, s^2) of a tile without its constant, s the same for all pixels.

    1/2 sum_p [w_p (x_p - y_p)^2 / s^2 + log s^2]. With `log_variance` = log s^2 a trained
    variable, s settles at the RMS error, and the weight between reconstruction and
    Kullback-Leibler term needs no tuning.

    References
    ----------
    Rybkin, Daniilidis and Levine (2021), Simple and effective VAE training with calibrated
    decoders, ICML.
    """
    total = squared(true, made, reduction="sum", weight=weight)
    pixels = math.prod(true.shape[1:])
    return 0.5 * (total * ops.exp(-log_variance) + pixels * log_variance)


def kullback_leibler(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return KL(N(mean, exp(log_variance)) || N(0, 1)) in nats, shape (batch,).

    -1/2 sum_j (1 + log s_j^2 - m_j^2 - s_j^2).

    References
    ----------
    Kingma and Welling (2014), Auto-encoding variational Bayes, ICLR, appendix B.
    """
    terms = 1.0 + log_variance - ops.square(mean) - ops.exp(log_variance)
    return -0.5 * ops.sum(terms, axis=-1)


def annealed_weight(
    epoch: float, *, shape: Literal["constant", "sigmoid", "linear"], epochs: float = 1.0
) -> float:
    """Return the weight of the Kullback-Leibler term at a time in epochs, between 0 and 1.

    ``sigmoid`` is the growth of the thesis: 0 up to the end of epoch 3, then
    1 / (1 + exp(10 - 1.3 (n - 3))) after n whole epochs. ``linear`` grows from 0 to 1 during
    the first `epochs`.

    References
    ----------
    Bowman et al. (2016), Generating sentences from a continuous space, CoNLL.

    Examples
    --------
    >>> [round(annealed_weight(n, shape="sigmoid"), 4) for n in (0, 3, 10, 20)]
    [0.0, 0.0, 0.2891, 1.0]
    >>> [annealed_weight(n, shape="linear", epochs=4) for n in (0, 1, 4, 8)]
    [0.0, 0.25, 1.0, 1.0]
    """
    if shape == "constant":
        return 1.0
    if shape == "linear":
        return min(1.0, epoch / epochs)
    whole = math.floor(epoch)
    if whole < _SIGMOID_FIRST_EPOCH:
        return 0.0
    exponent = _SIGMOID_START + _SIGMOID_GROWTH * (whole - _SIGMOID_FIRST_EPOCH)
    weight = 1.0 / (1.0 + math.exp(-exponent))
    return 1.0 if weight > 1 - 1e-6 else weight


def multiscale_gradient(
    true: Tensor, made: Tensor, *, scales: int = 4, reduction: Reduction = "mean"
) -> Tensor:
    """Return the mean absolute difference of the slopes on a pyramid of grids.

    1/S sum_s (|d_x (x - y)| + |d_y (x - y)|) on grids coarsened 2^s-fold by averaging,
    s = 0 ... S - 1. The outlook of the thesis names it. It needs no weights from elsewhere.

    References
    ----------
    Mathieu, Couprie and LeCun (2016), Deep multi-scale video prediction beyond mean square
    error, ICLR (gradient difference); Li and Snavely (2018), MegaDepth, CVPR (multi-scale).
    """
    if min(true.shape[1:3]) < 2**scales:
        raise ValueError(f"tiles of {true.shape[1:3]} pixels are too small for {scales} scales")
    difference, total = true - made, 0.0
    for scale in range(scales):
        if scale:
            difference = ops.average_pool(difference, 2)
        down = ops.abs(difference[:, 1:] - difference[:, :-1])
        along = ops.abs(difference[:, :, 1:] - difference[:, :, :-1])
        total = total + _reduce(down, reduction) + _reduce(along, reduction)
    return total / scales


def travel_time(
    true_m: Tensor, made_m: Tensor, *, gravity: float = 9.81, shallowest_m: float = 20.0
) -> Tensor:
    """Return the mean absolute difference of slowness 1 / sqrt(g h) in seconds per kilometre.

    1/|S| sum_(p in S) 1000 m |1 / sqrt(g h_p) - 1 / sqrt(g k_p)| over the sea S, with the depth h
    of the true sea floor and that of the made one, k. A long wave crosses a pixel at the celerity
    sqrt(g h), so this is the error of its travel time per kilometre. It is taken where the true
    sea floor is below sea level; depths are held at `shallowest_m` at least, where the slowness
    would grow without bound.

    Parameters
    ----------
    true_m, made_m : tensor, shape (batch, rows, columns, 1)
        Elevation in metres, positive up.

    Returns
    -------
    tensor, shape (batch,)
        0 for a tile without sea.

    References
    ----------
    Satake (1988), Effects of bathymetry on tsunami propagation: application of ray tracing to
    tsunamis, Pure and Applied Geophysics 126, 27-36.
    """
    sea = ops.cast(true_m < 0, true_m.dtype)
    slowness = [
        1e3 / ops.sqrt(gravity * ops.maximum(-elevation, shallowest_m))
        for elevation in (true_m, made_m)
    ]
    return _reduce(sea * ops.abs(slowness[0] - slowness[1]), "sum") / (_reduce(sea, "sum") + 1e-6)


def sea_weight(true_m: Tensor, land: float) -> Tensor:
    """Return a weight per pixel: w_p = 1 at sea (x_p < 0 m), w_p = `land` elsewhere.

    For the losses of pixels, which it turns into weighted ones; a tsunami does not feel hills.
    """
    return ops.where(true_m < 0, ops.ones_like(true_m), land * ops.ones_like(true_m))


def feature_difference(
    true: list[Tensor], made: list[Tensor], weights: tuple[float, ...], *, epsilon: float = 1e-5
) -> Tensor:
    """Return 1/2 sum_l w_l charbonnier(F_l(x), F_l(y)) of features F_l of a network.

    References
    ----------
    Hou, Shen, Sun and Qiu (2017), Deep feature consistent variational autoencoder, WACV.
    """
    if not len(true) == len(made) == len(weights):
        raise ValueError(f"{len(true)}, {len(made)} features and {len(weights)} weights differ")
    parts = [
        weight * charbonnier(first, second, epsilon=epsilon)
        for first, second, weight in zip(true, made, weights, strict=True)
    ]
    return 0.5 * sum(parts[1:], parts[0])


def binary_cross_entropy(logits: Tensor, target: float) -> Tensor:
    """Return -t log s(l) - (1 - t) log(1 - s(l)) per tile, s the logistic function.

    References
    ----------
    Goodfellow et al. (2014), Generative adversarial nets, NIPS.
    """
    loss = ops.maximum(logits, 0.0) - logits * target + ops.softplus(-ops.abs(logits))
    return ops.sum(loss, axis=tuple(range(1, len(loss.shape))))


def _reduce(values: Tensor, reduction: Reduction) -> Tensor:
    axes = tuple(range(1, len(values.shape)))
    values = ops.cast(values, "float32") if keras.backend.is_float_dtype(values.dtype) else values
    return ops.sum(values, axis=axes) if reduction == "sum" else ops.mean(values, axis=axes)
