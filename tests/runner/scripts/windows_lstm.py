# dataset: windows
import numpy as np
from tensorflow.keras.models import Sequential
from tensorflow.keras.layers import LSTM, GRU, Dense, Dropout, Bidirectional
import keras_tuner as kt
def create_windows(data, look_back):
    xs, ys = [], []
    for i in range(len(data) - look_back):
        xs.append(data[i:i + look_back]); ys.append(data[i + look_back, 0])
    return np.array(xs), np.array(ys)
look_back = 24
data = np.loadtxt("power.csv", delimiter=",")
X, y = create_windows(data, look_back)
split = int(0.8 * len(X))
X_train, X_test, y_train, y_test = X[:split], X[split:], y[:split], y[split:]
def build_model(hp):
    model = Sequential()
    n = hp.Int("n_layers", 1, 3)
    model.add(LSTM(hp.Int("input_unit", 8, 32, step=8), return_sequences=True, input_shape=(X_train.shape[1], X_train.shape[2])))
    for i in range(n):
        model.add(LSTM(hp.Int(f"lstm_{i}_units", 8, 32, step=8), return_sequences=True))
    model.add(Bidirectional(GRU(hp.Int("layer_2_neurons", 8, 32, step=8))))
    model.add(Dropout(hp.Float("Dropout_rate", 0, 0.5, step=0.1)))
    model.add(Dense(y_train.shape[1] if y_train.ndim > 1 else 1, activation=hp.Choice("dense_activation", ["relu", "linear"], default="linear")))
    model.compile(loss="mean_squared_error", optimizer="adam", metrics=["mse"])
    return model
tuner = kt.RandomSearch(build_model, objective="mse", max_trials=2, executions_per_trial=1)
tuner.search(x=X_train, y=y_train, epochs=20, batch_size=128, validation_data=(X_test, y_test))
