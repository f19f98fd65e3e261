# dataset: breast-cancer
import numpy as np
import optuna.integration.lightgbm as lgb
from lightgbm import early_stopping
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

data, target = load_breast_cancer(return_X_y=True)
train_x, val_x, train_y, val_y = train_test_split(data, target, test_size=0.25)
dtrain = lgb.Dataset(train_x, label=train_y)
dval = lgb.Dataset(val_x, label=val_y)
params = {"objective": "binary", "metric": "binary_logloss", "verbosity": -1}
model = lgb.train(params, dtrain, valid_sets=[dtrain, dval], callbacks=[early_stopping(100)])
print(np.rint(model.predict(val_x)))
