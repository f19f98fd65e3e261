# dataset: wine
# note: In the script's place the project's data are used: X_train stands
"""scikit-learn with KerasTuner's SklearnTuner, as in its documentation, on a table of one's own."""
import keras_tuner
import pandas as pd
from sklearn import ensemble, linear_model, metrics, model_selection
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

table = pd.read_csv("wine.csv")
X, y = table.drop(columns=["quality"]), table["quality"]
X_train, X_test, y_train, y_test = model_selection.train_test_split(X, y, test_size=0.2)


def build_model(hp):
    model_type = hp.Choice("model_type", ["random_forest", "logistic"])
    if model_type == "random_forest":
        return ensemble.RandomForestClassifier(
            n_estimators=hp.Int("n_estimators", 10, 50, step=10),
            max_depth=hp.Int("max_depth", 3, 10),
            max_features=min(4, X_train.shape[1]),
        )
    return make_pipeline(StandardScaler(), linear_model.LogisticRegression(C=hp.Float("C", 1e-3, 10, sampling="log")))


tuner = keras_tuner.tuners.SklearnTuner(
    oracle=keras_tuner.oracles.BayesianOptimizationOracle(
        objective=keras_tuner.Objective("score", "max"), max_trials=10),
    hypermodel=build_model,
    scoring=metrics.make_scorer(metrics.accuracy_score),
    cv=model_selection.StratifiedKFold(5),
    directory=".",
    project_name="my_project",
)
tuner.search(X_train, y_train)
best_model = tuner.get_best_models(num_models=1)[0]
print(best_model.score(X_test, y_test))
