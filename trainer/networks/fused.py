"""Layers of VGG in PyTorch's own kernels, where PyTorch is the backend.

There Keras reorders the axes of every picture before and after every convolution and pooling, and
composes batch normalisation of a dozen operations in float32. Without that, training VGG16 is
twice as fast. Weights and names are the same, so weight files fit either form.
"""

from typing import Any

from trainer.networks.backend import keras, layers

if keras.backend.backend() == "torch":
    import torch
    from torch.nn import functional

    def _channels_first(inputs: Any) -> Any:
        """View `[batch, rows, columns, channels]` as PyTorch wants it, without a copy."""
        return inputs.movedim(-1, 1).contiguous(memory_format=torch.channels_last)

    class Conv2D(layers.Conv2D):  # type: ignore[misc]
        """A convolution of stride 1 whose padding keeps rows and columns."""

        def call(self, inputs: Any) -> Any:
            """Convolve `[batch, rows, columns, channels]`."""
            kernel = keras.ops.convert_to_tensor(self.kernel).permute(3, 2, 0, 1)
            bias = keras.ops.convert_to_tensor(self.bias) if self.use_bias else None
            outputs = functional.conv2d(
                _channels_first(inputs),
                kernel.contiguous(memory_format=torch.channels_last),
                bias,
                padding="same",
            )
            return self.activation(outputs.movedim(1, -1))

        def compute_output_spec(self, inputs: Any) -> Any:
            """Return the shape and type of the outputs."""
            return keras.KerasTensor((*inputs.shape[:-1], self.filters), dtype=self.compute_dtype)

    class MaxPooling2D(layers.MaxPooling2D):  # type: ignore[misc]
        """The maximum of squares that do not overlap."""

        def call(self, inputs: Any) -> Any:
            """Pool `[batch, rows, columns, channels]`."""
            pooled = functional.max_pool2d(_channels_first(inputs), self.pool_size)
            return pooled.movedim(1, -1)

    class BatchNormalization(layers.BatchNormalization):  # type: ignore[misc]
        """Normalisation over the last axis of `[batch, rows, columns, channels]`."""

        def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
            """Normalise by the batch in training, else by the moving averages."""
            outputs = functional.batch_norm(
                _channels_first(inputs),
                self.moving_mean.value,
                self.moving_variance.value,
                self.gamma.value,
                self.beta.value,
                training=bool(training) and self.trainable,
                momentum=1 - self.momentum,
                eps=self.epsilon,
            )
            return outputs.movedim(1, -1)

        def compute_output_spec(self, inputs: Any, *_: Any, **__: Any) -> Any:
            """Return the shape and type of the inputs."""
            return keras.KerasTensor(inputs.shape, dtype=self.compute_dtype)

else:
    BatchNormalization = layers.BatchNormalization  # type: ignore[misc]
    Conv2D = layers.Conv2D  # type: ignore[misc]
    MaxPooling2D = layers.MaxPooling2D  # type: ignore[misc]
