"""The usual way to predict a genre, as in public notebooks, for comparison.

`librosa.load` of the whole file, three-second windows at 50 % overlap, librosa's mel spectrogram,
`predict` of a Keras VGG16, file by file. Prints one genre a file, and last the seconds of start-up
before the first file.
"""

import os
import sys
import time

STARTED = time.perf_counter()
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras  # noqa: E402
import librosa  # noqa: E402
import numpy as np  # noqa: E402

inputs = keras.Input((128, 128, 3))
features = keras.layers.Flatten()(
    keras.applications.VGG16(include_top=False, weights=None, input_tensor=inputs).output
)
model = keras.Model(inputs, keras.layers.Dense(10, activation="softmax")(features))
start = time.perf_counter() - STARTED
for path in sys.argv[1:]:
    samples, rate = librosa.load(path, sr=22050)
    window, hop = 3 * rate, 3 * rate // 2
    images = []
    for first in range(0, len(samples) - window + 1, hop):
        mel = librosa.feature.melspectrogram(y=samples[first : first + window], sr=rate)
        image = librosa.power_to_db(mel, ref=np.max)[:, :128]
        images.append(np.repeat(image[:, :, None], 3, axis=2))
    print(path, model.predict(np.stack(images), verbose=0).mean(0).argmax())
print(start)
