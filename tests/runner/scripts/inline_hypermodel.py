# dataset: iris
import keras
import keras_tuner
from sklearn.datasets import load_iris
from sklearn.preprocessing import OneHotEncoder

data = load_iris()
X, y = data.data, data.target
encoder = OneHotEncoder(sparse_output=False)
Y = encoder.fit_transform(y.reshape(-1, 1))


class Dense(keras_tuner.HyperModel):
    def __init__(self, width, out):
        super().__init__()
        self.width, self.out = width, out

    def build(self, hp):
        model = keras.Sequential([keras.layers.Input((self.width,)),
                                  keras.layers.Dense(hp.Int("units", 4, 16), activation="relu"),
                                  keras.layers.Dense(self.out, activation="sigmoid")])
        model.compile("adam", keras.losses.BinaryCrossentropy(), metrics=["accuracy", keras.metrics.F1Score(average="macro")])
        return model

    def fit(self, hp, model, *args, **kwargs):
        return model.fit(*args, batch_size=hp.Choice("batch_size", [8, 16]), **kwargs)


tuner = keras_tuner.GridSearch(hypermodel=Dense(X.shape[1], Y.shape[1]), objective="val_accuracy")
tuner.search(X, Y, epochs=3, validation_split=0.2)
