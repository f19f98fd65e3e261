# dataset: wine
import keras, keras_tuner as kt
from sklearn.datasets import load_wine


def get_builder(num_features, num_classes):
    def build(hp):
        model = keras.Sequential([keras.layers.Input((num_features,)),
                                  keras.layers.BatchNormalization(),
                                  keras.layers.Dense(hp.Int("units", 8, 16), activation="relu"),
                                  keras.layers.Dense(num_classes)])
        model.compile(keras.optimizers.Adam(hp.Choice("lr", [1e-2, 1e-3])),
                      keras.losses.CategoricalCrossentropy(from_logits=True), metrics=["acc"])
        return model
    return build


X, y = load_wine(return_X_y=True)
builder = get_builder(X.shape[1], 3)
tuner = kt.Hyperband(builder, objective="val_acc", max_epochs=3)
tuner.search(X, y)
