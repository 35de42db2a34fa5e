"""The script of a tutorial for one photo: ``python keras_one.py MODEL WEIGHTS PHOTO``.

`decode_predictions` is not called, because it would download the class list first.
"""

import sys
from pathlib import Path

import numpy as np
from keras_model import build

model, preprocess_input = build(sys.argv[1], Path(sys.argv[2]))

from keras.utils import img_to_array, load_img  # noqa: E402 - the backend is chosen above

image = img_to_array(load_img(sys.argv[3], target_size=(224, 224)))
probabilities = model.predict(preprocess_input(image[np.newaxis]), verbose=0)[0]
for index in np.argsort(-probabilities)[:5]:
    print(index, float(probabilities[index]))
