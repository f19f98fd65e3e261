# dataset: iris
from functools import partial
import keras, keras_tuner as kt, sys

data_path = sys.argv[1]
X_train, X_val, y_train, y_val = load_everything(data_path)


def build(hp, input_dim, depth, out):
    model = keras.Sequential([keras.layers.Input((input_dim,))])
    for i in range(depth):
        model.add(keras.layers.Dense(hp.Int(f"u{i}", 4, 8), activation="relu"))
    model.add(keras.layers.Dense(out, activation="softmax"))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


tuner = kt.RandomSearch(partial(build, input_dim=X_train.shape[1], depth=2, out=int(y_train.max()) + 1),
                        objective="val_accuracy")
tuner.search(X_train, y_train, validation_data=(X_val, y_val))
