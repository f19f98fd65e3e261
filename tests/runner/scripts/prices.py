# dataset: diabetes
"""Amounts from a CSV file: pandas, a split, a scaler, a learning curve."""
import pandas as pd
import matplotlib.pyplot as plt
import seaborn as sns
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from sklearn.metrics import mean_absolute_error, r2_score
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers
import keras_tuner as kt

df = pd.read_csv("housing.csv")
df = df.dropna()
df.head()
sns.pairplot(df[["rooms", "price"]])
X = df.drop("price", axis=1)
y = df["price"]
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=42)
scaler = StandardScaler()
X_train = scaler.fit_transform(X_train)
X_test = scaler.transform(X_test)
n_features = X_train.shape[1]
callback = keras.callbacks.EarlyStopping(monitor="val_loss", patience=10)


def build(hp):
    model = keras.Sequential([layers.Input(shape=(n_features,))])
    for i in range(hp.Int("layers", 1, 3)):
        model.add(layers.Dense(hp.Int("units_" + str(i), 8, 64, step=8), activation=hp.Choice("act_" + str(i), ["relu", "elu"])))
    model.add(layers.Dense(1, kernel_initializer="normal"))
    model.compile(loss="mean_absolute_error", optimizer=keras.optimizers.Adam(hp.Choice("lr", [1e-2, 1e-3])),
                  metrics=["mae", tf.keras.metrics.RootMeanSquaredError()])
    return model


tuner = kt.BayesianOptimization(build, objective=kt.Objective("val_root_mean_squared_error", "min"), max_trials=5)
tuner.search(X_train, y_train, epochs=5, validation_data=(X_test, y_test), callbacks=[callback])
best = tuner.get_best_models(1)[0]
pred = best.predict(X_test)
print("R2", r2_score(y_test, pred), "MAE", mean_absolute_error(y_test, pred))
plt.scatter(y_test, pred)
plt.show()
