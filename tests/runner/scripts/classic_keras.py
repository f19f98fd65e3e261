# dataset: digits
# note: one-hot
from __future__ import print_function
import keras
from keras.datasets import mnist
from keras import backend as K
import keras_tuner

get_ipython().run_line_magic("matplotlib", "inline")
num_classes = 10
img_rows, img_cols = 28, 28
(x_train, y_train), (x_test, y_test) = mnist.load_data()
if K.image_data_format() == "channels_first":
    x_train = x_train.reshape(x_train.shape[0], 1, img_rows, img_cols)
    input_shape = (1, img_rows, img_cols)
else:
    x_train = x_train.reshape(x_train.shape[0], img_rows, img_cols, 1)
    input_shape = (img_rows, img_cols, 1)
x_train /= 255
y_train = keras.utils.to_categorical(y_train, num_classes)


def weighted_loss(y_true, y_pred):
    return keras.ops.mean(keras.losses.categorical_crossentropy(y_true, y_pred))


def tuned(hyper):
    model = keras.models.Sequential()
    model.add(keras.layers.Conv2D(8, (3, 3), activation="relu", input_shape=input_shape))
    model.add(keras.layers.Flatten())
    model.add(keras.layers.Dense(hyper.Int("dense", 8, 16), activation="relu"))
    model.add(keras.layers.Dense(num_classes, activation="softmax"))
    model.compile(loss=keras.losses.CategoricalCrossentropy(label_smoothing=0.1, name="smooth"),
                  optimizer=keras.optimizers.Adadelta(), metrics=["accuracy"])
    return model


tuner = keras_tuner.RandomSearch(
    hypermodel=tuned, objective="val_accuracy", max_trials=3, overwrite=True, directory="d")
%time tuner.search(x_train, y_train, epochs=2, validation_data=(x_test, y_test))
