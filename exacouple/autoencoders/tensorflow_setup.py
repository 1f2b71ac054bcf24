"""Get TensorFlow ready: a clear message where it is missing, devices, precision, determinism."""

import importlib
import importlib.util
import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from exacouple.errors import UsageError

_log = logging.getLogger(__name__)

_TOO_NEW = (3, 14)


def require_tensorflow() -> None:
    """Raise UsageError unless TensorFlow and Keras are installed."""
    for package in ("tensorflow", "keras"):
        if importlib.util.find_spec(package) is not None:
            continue
        if sys.version_info >= _TOO_NEW:
            raise UsageError(
                f"training needs {package}, of which there is none for Python "
                f"{sys.version_info[0]}.{sys.version_info[1]}: use Python 3.11 to 3.13; everything "
                "else, shipped models and exported ones too, works without it"
            )
        raise UsageError(
            f"training needs {package}, which is not installed: pip install 'exacouple[train]' "
            "(without a GPU: pip install tensorflow-cpu)"
        )
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")


def import_quietly() -> None:
    """Import TensorFlow without what its libraries write to standard error as they are loaded.

    With the log level DEBUG, or if the import fails, it is shown.
    """
    if "tensorflow" in sys.modules:
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with _held_back():
        tensorflow: Any = importlib.import_module("tensorflow")
        tensorflow.config.list_physical_devices()


@contextmanager
def _held_back() -> Iterator[None]:
    """Keep what the process writes to file descriptor 2, and show it only after a failure."""
    sys.stderr.flush()
    with tempfile.TemporaryFile() as kept:
        before = os.dup(2)
        shown = _log.isEnabledFor(logging.DEBUG)
        os.dup2(kept.fileno(), 2)
        try:
            yield
        except BaseException:
            shown = True
            raise
        finally:
            sys.stderr.flush()
            os.dup2(before, 2)
            os.close(before)
            if shown:
                kept.seek(0)
                os.write(2, kept.read())


def processors() -> int:
    """Number of processors that this process may use, which is that of TensorFlow's threads."""
    return len(os.sched_getaffinity(0))


def set_threads(threads: int | None) -> int:
    """Give TensorFlow a number of threads, and return that which it has.

    The last digits of sums depend on it, with oneDNN and without. Processors do not matter then:
    two threads on one compute the same as two threads on two.

    Parameters
    ----------
    threads : int, optional
        None for TensorFlow's own choice, one for each processor. A TensorFlow that has computed in
        this process already keeps those that it has.
    """
    import_quietly()
    import tensorflow as tf

    if threads is not None:
        try:
            tf.config.threading.set_intra_op_parallelism_threads(threads)
            tf.config.threading.set_inter_op_parallelism_threads(1)
        except RuntimeError:
            _log.debug("TensorFlow runs already: its threads stay as they are")
    return int(tf.config.threading.get_intra_op_parallelism_threads()) or processors()


def prepare_devices(*, seed: int, precision: str) -> Any:
    """Return the strategy to train with, after seeds and precision have been set.

    One process uses all GPUs that it sees, each with a share of every batch. Operations are made
    deterministic, so that the same seed gives the same weights on the same machine with the same
    number of threads (`set_threads`).

    Parameters
    ----------
    seed : int
        Of the initial weights.
    precision : {"auto", "float32", "mixed_float16", "mixed_bfloat16"}

    Returns
    -------
    tf.distribute.Strategy
    """
    import_quietly()
    import keras
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    for gpu in gpus:
        try:
            tf.config.experimental.set_memory_growth(gpu, True)
        except RuntimeError:
            _log.debug("memory growth of %s cannot be changed any more", gpu)
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
    if precision == "auto":
        precision = "mixed_float16" if gpus else "float32"
    keras.config.set_dtype_policy(precision)
    _log.info("TensorFlow %s, %d GPUs, precision %s", tf.__version__, len(gpus), precision)
    return tf.distribute.MirroredStrategy() if len(gpus) > 1 else tf.distribute.get_strategy()
