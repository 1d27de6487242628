"""VGG over log-mel, for training on windows and for running over strips.

The network is fully convolutional: 3 × 3 convolutions in five blocks, thirteen in VGG16 and sixteen
in VGG19 (Simonyan and Zisserman 2015), each block halving bands and frames, then the average and
the maximum over a window's feature columns, dropout and one dense layer. The three input channels
that ImageNet weights expect would all hold the same spectrogram, so their kernels are summed into
one. A narrow network has a share of the filters of each convolution, its width (Howard et al.
2017).
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagger.audio.frontend import WindowGrid
from tagger.errors import DataError
from trainer.networks.backend import keras, layers
from trainer.networks.fused import BatchNormalization, Conv2D, MaxPooling2D
from trainer.networks.heads import add_head, head_layers, head_units
from trainer.networks.registry import VGG_STRIDE, check_multiples

Weights = Mapping[str, tuple[NDArray[np.float32], NDArray[np.float32]]]
"""Kernel `[3, 3, in, out]` and bias `[out]` by the name of the layer."""

MOMENTUM = 0.97  # of the statistics of batch normalisation
CONVOLUTIONS = {"VGG16": (2, 2, 3, 3, 3), "VGG19": (2, 2, 4, 4, 4)}
"""How many there are in each block."""
KERNEL_AXES = 4
KERAS_3_KERNEL = re.compile(r"conv2d(?:_(\d+))?/vars/0$")

# ImageNet networks see pixels of 0–255 minus their mean, with a deviation near this; a strip has
# a deviation of one.
PIXEL_DEVIATION = 58.0


def build_windows(
    application: str,
    n_labels: int,
    *,
    batch_norm: bool,
    dropout: float,
    head: Sequence[int] = (),
    width: float = 1.0,
) -> keras.Model:
    """Build the network for training: `[batch, bands, frames, 1]` to `[batch, labels]`.

    The pooling takes what there is, so that one set of weights serves full and shrunk windows.
    """
    window = keras.Input((None, None, 1))
    columns = convolve(application, window, batch_norm=batch_norm, width=width)
    pooled = layers.Concatenate(name="pooled")(
        [
            layers.GlobalAveragePooling2D(name="average")(columns),
            layers.GlobalMaxPooling2D(name="maximum")(columns),
        ]
    )
    outputs = add_head(pooled, n_labels, dropout, head)
    return keras.Model(window, outputs, name="vgg")


def build_strips(
    application: str,
    windows: keras.Model,
    n_mels: int,
    grid: WindowGrid,
    shrink: int = 1,
    width: float = 1.0,
) -> keras.Model:
    """Build the network for use: `[batch, bands, frames, 1]` to `[batch, windows, labels]`.

    It computes in float32, whatever the training did. Overlapping windows share the convolutions
    of one pass over the strip. Batch normalisation is folded into the convolutions, and the
    averaging of a training on shrunk windows is its first layer.

    Raises:
        DataError: the windows do not fall on whole feature columns.
    """
    stride = VGG_STRIDE * shrink
    check_multiples(n_mels, grid, stride)
    with float32():
        strips = keras.Input((n_mels, None, 1), name="strips")
        shrunk = layers.AveragePooling2D(shrink, name="shrunk")(strips) if shrink > 1 else strips
        columns = convolve(application, shrunk, batch_norm=False, width=width)
        window = {
            "pool_size": (n_mels // stride, grid.window // stride),
            "strides": (n_mels // stride, grid.hop // stride),
        }
        pooled = layers.Concatenate(name="pooled")(
            [
                layers.AveragePooling2D(**window, name="average")(columns),
                layers.MaxPooling2D(**window, name="maximum")(columns),
            ]
        )
        rows = layers.Reshape((-1, pooled.shape[-1]), name="rows")(pooled)
        outputs = add_head(rows, windows.output_shape[-1], 0, head_units(windows))
        model = keras.Model(strips, outputs, name="vgg_strips")
        copy_folded(windows, model)
    return model


def convolve(application: str, given: Any, *, batch_norm: bool, width: float = 1.0) -> Any:
    """Put the convolutions of keras.applications behind a tensor.

    Args:
        application: VGG16 or VGG19.
        given: `[batch, rows, columns, channels]`.
        batch_norm: Whether each convolution is followed by batch normalisation.
        width: Share of the filters that each convolution has.
    """
    build = getattr(keras.applications, application)
    plain = build(include_top=False, weights=None, input_shape=(None, None, given.shape[-1]))
    outputs = given
    # Not from their configurations: Keras loads TensorFlow to write these, whatever the backend.
    for layer in plain.layers[1:]:
        if isinstance(layer, layers.MaxPooling2D):
            outputs = MaxPooling2D(2, name=layer.name)(outputs)
            continue
        kernels: dict[str, Any] = {
            "filters": round(layer.filters * width),
            "kernel_size": 3,
            "padding": "same",
        }
        if batch_norm:
            kernels |= {"use_bias": False, "kernel_initializer": "he_normal"}
            outputs = Conv2D(**kernels, name=layer.name)(outputs)
            outputs = BatchNormalization(momentum=MOMENTUM, name=f"{layer.name}_norm")(outputs)
            outputs = layers.ReLU(name=f"{layer.name}_relu")(outputs)
        else:
            outputs = Conv2D(**kernels, activation="relu", name=layer.name)(outputs)
    return outputs


class float32:  # noqa: N801 - reads as a context manager
    """Build layers in float32 whatever the policy of the training was."""

    def __enter__(self) -> None:
        self._policy = keras.mixed_precision.dtype_policy()
        keras.mixed_precision.set_dtype_policy("float32")

    def __exit__(self, *_: object) -> None:
        keras.mixed_precision.set_dtype_policy(self._policy)


def convolutions(model: keras.Model) -> list[keras.layers.Conv2D]:
    """Return the convolutions in order."""
    return [layer for layer in model.layers if isinstance(layer, layers.Conv2D)]


def copy_folded(source: keras.Model, target: keras.Model) -> None:
    """Copy the head, and the convolutions with the batch normalisation behind each folded in."""
    for mine, its in zip(head_layers(target), head_layers(source), strict=True):
        mine.set_weights(its.get_weights())
    norms = {layer.name: layer for layer in source.layers}
    for layer in convolutions(source):
        kernel, *rest = layer.get_weights()
        bias = rest[0] if rest else np.zeros(kernel.shape[-1], np.float32)
        if norm := norms.get(f"{layer.name}_norm"):
            gamma, beta, mean, variance = norm.get_weights()
            scale = gamma / np.sqrt(variance + norm.epsilon)
            kernel, bias = kernel * scale, (bias - mean) * scale + beta
        target.get_layer(layer.name).set_weights([kernel, bias])


def names(application: str) -> list[str]:
    """Return the names of the convolutions in order, as keras.applications has them."""
    return [
        f"block{block}_conv{number}"
        for block, count in enumerate(CONVOLUTIONS[application], 1)
        for number in range(1, count + 1)
    ]


def download(application: str) -> keras.Model:
    """Fetch a network of keras.applications with its ImageNet weights, without its top.

    Raises:
        DataError: there is no way to them.
    """
    try:
        model: keras.Model = getattr(keras.applications, application)(
            include_top=False, weights="imagenet"
        )
    except Exception as error:  # Keras has no error class of its own for a failed download
        raise DataError(
            f"The ImageNet weights could not be fetched ({error}); "
            "give a local copy with --weights FILE."
        ) from None
    return model


def imagenet_weights(application: str) -> Weights:
    """Fetch the ImageNet values of the convolutions."""
    return {layer.name: tuple(layer.get_weights()) for layer in convolutions(download(application))}


def read_weights(application: str, file: Path) -> Weights:
    """Read the complete convolutions (kernel and bias) from an .npz or .h5 file.

    Arrays are found by their name: it holds the name of a layer such as `block1_conv1`, and four
    dimensions make a kernel, one a bias. That fits the files of keras.applications. A
    `.weights.h5` of Keras 3 has no such names but all convolutions in order. A file may hold only
    some of the convolutions.

    Raises:
        DataError: no such file, no VGG convolution in it, or those of another network.
    """
    arrays = _numbered(application, _read_arrays(file), file)
    found = {}
    for layer in names(application):
        mine = [array for name, array in arrays.items() if layer in name]
        kernels = [array for array in mine if array.ndim == KERNEL_AXES]
        biases = [array for array in mine if array.ndim == 1]
        if kernels and biases:
            found[layer] = (kernels[0], biases[0])
    if not found:
        raise DataError(f"{file} holds no convolution of {application} (such as block1_conv1).")
    stored = set(re.findall(r"block\d_conv\d", " ".join(arrays)))
    for other in CONVOLUTIONS.keys() - {application}:
        if stored == set(names(other)) or stored - set(names(application)):
            raise DataError(
                f"{file} holds the convolutions of {other}; take --arch {other.lower()}."
            )
    return found


def _read_arrays(file: Path) -> dict[str, NDArray[Any]]:
    """Return all arrays of a file by their name."""
    arrays: dict[str, NDArray[Any]] = {}
    try:
        if file.suffix == ".npz":
            return dict(np.load(file))
        import h5py

        with h5py.File(file) as h5:
            h5.visititems(
                lambda name, item: (
                    arrays.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None
                )
            )
    except (OSError, ValueError):
        raise DataError(
            f"{file} cannot be read as weights; it should be an HDF5 file (.h5) or an .npz."
        ) from None
    return arrays


def _numbered(
    application: str, arrays: dict[str, NDArray[Any]], file: Path
) -> dict[str, NDArray[Any]]:
    """Give the arrays of a `.weights.h5` of Keras 3 the names of their layers.

    They are called `…/conv2d/vars/0`, `…/conv2d_1/vars/0` and so on, in the order of the layers.
    """
    kernels = {
        int(match[1] or 0): name
        for name, array in arrays.items()
        if (match := KERAS_3_KERNEL.search(name)) and array.ndim == KERNEL_AXES
    }
    if not kernels:
        return arrays
    by_count = {sum(counts): name for name, counts in CONVOLUTIONS.items()}
    if (held := by_count.get(len(kernels))) != application:
        raise DataError(
            f"{file} holds {len(kernels)} convolutions"
            + (
                f", those of {held}; take --arch {held.lower()}."
                if held
                else f", not {application}."
            )
        )
    found = {}
    for layer, place in zip(names(application), sorted(kernels), strict=True):
        kernel = kernels[place]
        found[f"{layer}/kernel"] = arrays[kernel]
        bias = arrays.get(f"{kernel[:-1]}1")
        if bias is not None:
            found[f"{layer}/bias"] = bias
    return found


def take_weights(model: keras.Model, weights: Weights) -> tuple[str, ...]:
    """Set the convolutions that `weights` has; return their names.

    Raises:
        DataError: a kernel of another shape.
    """
    taken = []
    for layer in convolutions(model):
        if layer.name not in weights:
            continue
        kernel, bias = weights[layer.name]
        mine = layer.get_weights()
        if mine[0].shape[2] == 1 and kernel.shape[2] > 1:
            kernel = kernel.sum(2, keepdims=True) * PIXEL_DEVIATION
        if kernel.shape != mine[0].shape:
            raise DataError(f"{layer.name}: {kernel.shape} instead of {mine[0].shape}.")
        layer.set_weights([kernel, bias] if layer.use_bias else [kernel])
        taken.append(layer.name)
    return tuple(taken)


def freeze(model: keras.Model, names: Sequence[str]) -> None:
    """Freeze these convolutions, and their normalisation, and no others."""
    frozen = set(names) | {f"{name}_norm" for name in names}
    for layer in model.layers:
        layer.trainable = layer.name not in frozen
