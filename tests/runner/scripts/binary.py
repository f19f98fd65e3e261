# dataset: breast-cancer
import keras, keras_tuner as kt
from keras import layers
from numpy import loadtxt
import wandb
from wandb.integration.keras import WandbMetricsLogger

wandb.init(project="tuner")
dataset = loadtxt("pima-indians-diabetes.csv", delimiter=",")
X = dataset[:, 0:8]
y = dataset[:, 8]
trainX, testX = X[:500], X[500:]
trainy, testy = y[:500], y[500:]
METRICS = [keras.metrics.BinaryAccuracy(name="accuracy"), keras.metrics.Precision(name="precision"),
           keras.metrics.Recall(name="recall"), keras.metrics.AUC(name="auc")]


def create_model(hp):
    model = keras.Sequential()
    model.add(layers.Input(shape=trainX[0].shape))
    model.add(layers.BatchNormalization())
    model.add(layers.Dense(hp.Int("units", 8, 16), activation=hp.Choice("act", ["relu", "selu"])))
    model.add(layers.Dense(1, activation="sigmoid"))
    model.compile(optimizer=hp.Choice("optimizer", ["adam", "rmsprop"]), loss="binary_crossentropy",
                  metrics=[*METRICS, keras.metrics.F1Score(threshold=0.5)])
    return model


tuner = kt.RandomSearch(create_model, objective=kt.Objective("val_auc", direction="max"), max_trials=4)
tuner.search(trainX, trainy, epochs=3, validation_data=(testX, testy), callbacks=[WandbMetricsLogger()])
