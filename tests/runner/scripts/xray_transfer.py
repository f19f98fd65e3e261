# dataset: digits
# note: image_size is 8 instead of 150, num_classes is 10 instead of 2, channels is 1 instead of 3.
import os
import numpy as np
from tensorflow import keras
from tensorflow.keras import layers
import keras_tuner as kt
from tensorflow.keras.preprocessing.image import ImageDataGenerator

DATA_DIR = "/kaggle/input/chest-xray-pneumonia/chest_xray"
width, height = 150, 150
train = ImageDataGenerator(rescale=1.0 / 255).flow_from_directory(
    os.path.join(DATA_DIR, "train"), target_size=(width, height), batch_size=32, class_mode="categorical")
val = ImageDataGenerator(rescale=1.0 / 255).flow_from_directory(
    os.path.join(DATA_DIR, "val"), target_size=(width, height), batch_size=32, class_mode="categorical")


def backbone(size, channels):
    inputs = keras.Input((size, size, channels))
    x = layers.Conv2D(4, 3, activation="relu")(inputs)
    return keras.Model(inputs, x, name="backbone")


class XrayModel(kt.HyperModel):
    def __init__(self, image_size, num_classes, channels=3):
        super().__init__()
        self.image_size = image_size
        self.num_classes = num_classes
        self.channels = channels

    def build(self, hp):
        base = backbone(self.image_size, self.channels)
        base.trainable = False
        inputs = keras.Input(shape=(self.image_size, self.image_size, self.channels))
        x = base(layers.Rescaling(1.0 / 16)(inputs), training=False)
        x = layers.GlobalAveragePooling2D()(x)
        x = layers.Dense(hp.Int("units", 8, 32, step=8), activation="relu")(x)
        x = layers.Dropout(hp.Float("dropout", 0.0, 0.5, step=0.1))(x)
        outputs = layers.Dense(self.num_classes, activation="softmax")(x)
        model = keras.Model(inputs, outputs)
        model.compile(
            optimizer=keras.optimizers.Adam(hp.Float("lr", 1e-4, 1e-2, sampling="log")),
            loss="categorical_crossentropy",
            metrics=["accuracy", keras.metrics.AUC(name="auc")],
        )
        return model


tuner = kt.Hyperband(
    XrayModel(image_size=150, num_classes=2, channels=3),
    objective=kt.Objective("val_auc", "max"),
    max_epochs=5,
)
tuner.search(train, validation_data=val, epochs=5, callbacks=[keras.callbacks.EarlyStopping(patience=2)])
