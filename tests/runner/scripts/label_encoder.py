# dataset: iris
import pandas as pd
from sklearn.preprocessing import LabelEncoder
from tensorflow import keras
import keras_tuner as kt
df = pd.read_csv("plants.csv")
le = LabelEncoder()
y = le.fit_transform(df["species"])
X = df.drop("species", axis=1).values
num_classes = len(le.classes_)
def build_model(hp):
    model = keras.Sequential([keras.layers.Input((X.shape[1],)), keras.layers.Dense(hp.Int("units", 8, 16), activation="relu"), keras.layers.Dense(num_classes, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model
tuner = kt.RandomSearch(build_model, objective="val_accuracy", max_trials=2)
tuner.search(X, y, epochs=2, validation_split=0.2)
