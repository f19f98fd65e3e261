# dataset: digits
import tensorflow as tf
from tensorflow.keras import layers, Model
import keras_tuner as kt
import tensorflow_datasets as tfds

IMG_SIZE = 160
BATCH = 32
(train_ds, val_ds), info = tfds.load("cats_vs_dogs", split=["train[:80%]", "train[80%:]"], with_info=True)
num_classes = info.features["label"].num_classes
base_model = tf.keras.Sequential([layers.Input((32, 32, 3)), layers.Conv2D(4, 3), layers.Conv2D(8, 3, 4), layers.Conv2D(8, 3), layers.Conv2D(8, 1), layers.Conv2D(8, 1)])
base_model.trainable = False
for layer in base_model.layers[:-4]:
    layer.trainable = False
data_augmentation = tf.keras.Sequential()
data_augmentation.add(layers.RandomFlip("horizontal"))


def build(hp):
    inputs = layers.Input(shape=(IMG_SIZE, IMG_SIZE, 1))
    x = layers.Concatenate()([inputs, inputs, inputs])
    x = layers.Resizing(32, 32)(data_augmentation(x))
    x = base_model(x, training=False)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(hp.Float("dropout", 0, 0.5))(x)
    outputs = layers.Dense(num_classes, activation="softmax")(x)
    model = Model(inputs, outputs)
    model.compile(tf.keras.optimizers.Adam(hp.Choice("lr", [1e-3, 1e-4])),
                  loss=tf.keras.losses.SparseCategoricalCrossentropy(), metrics=["accuracy"])
    return model


tuner = kt.RandomSearch(build, "val_accuracy", max_trials=2)
tuner.search(train_ds, validation_data=val_ds, epochs=2)
