"""A network for texts, alone or beside numbers and categories: vocabulary, length, embedding, and
how the words of a text become one vector."""

import keras
import keras_tuner as kt

# For each task: the activation of the outputs, and the loss.
OUTPUTS = {
    "classification": ("softmax", "sparse_categorical_crossentropy"),
    "multi-label": ("sigmoid", "binary_crossentropy"),
    "regression": (None, "mean_squared_error"),
}


class TextHyperModel(kt.HyperModel):
    """Each text column has an embedding of its own words; the numbers of a table join them."""

    def __init__(self, text_columns: list[str], number_count: int, output_units: int, task: str):
        super().__init__()
        self.text_columns = text_columns
        self.number_count = number_count
        self.output_units = output_units
        self.task = task

    def build(self, hp: kt.HyperParameters) -> keras.Model:
        """Build one network of the space."""
        inputs = {name: keras.Input((1,), dtype="string", name=name) for name in self.text_columns}
        parts = [
            self.encoded(hp, text, f"vocabulary_{place}")
            for place, text in enumerate(inputs.values())
        ]
        if self.number_count:
            # Numbers and categories as Tuneroom makes them of a table: standardised, one-hot.
            inputs["numbers"] = keras.Input((self.number_count,), name="numbers")
            parts.append(inputs["numbers"])
        x = keras.layers.Concatenate()(parts) if len(parts) > 1 else parts[0]
        x = keras.layers.Dropout(hp.Float("dropout", 0.0, 0.5, step=0.1, default=0.2))(x)
        units = hp.Int("units", 8, 128, step=2, sampling="log", default=32)
        x = keras.layers.Dense(units, "relu")(x)

        activation, loss = OUTPUTS[self.task]
        outputs = keras.layers.Dense(self.output_units, activation=activation)(x)
        if self.task == "regression":
            # The other way round: from standardised values to those of the targets.
            outputs = keras.layers.Normalization(name="target", invert=True)(outputs)
        model = keras.Model(inputs, outputs)
        learning_rate = hp.Float("learning_rate", 1e-4, 1e-1, sampling="log", default=1e-2)
        metrics = metrics_for(self.task, self.output_units)
        model.compile(keras.optimizers.Adam(learning_rate), loss=loss, metrics=metrics)
        return model

    def encoded(self, hp: kt.HyperParameters, text, name: str):
        """One vector for each text. Its words are learned from the training rows in `fit` below."""
        vocabulary = hp.Int("vocabulary", 500, 32_000, step=2, sampling="log", default=4_000)
        # Characters suit languages without spaces between words.
        split = hp.Choice("split", ["whitespace", "character"])
        length = hp.Int("sequence_length", 16, 512, step=2, sampling="log", default=128)
        embedding = hp.Int("embedding", 8, 128, step=2, sampling="log", default=32)
        encoder = hp.Choice("encoder", ["average", "maximum", "convolution", "recurrent"])
        with hp.conditional_scope("encoder", ["convolution", "recurrent"]):
            width = hp.Int("encoder_units", 8, 128, step=2, sampling="log", default=32)
        with hp.conditional_scope("encoder", ["convolution"]):
            kernel_size = hp.Choice("kernel_size", [3, 5, 7])

        tokens = keras.layers.TextVectorization(
            max_tokens=vocabulary, split=split, output_sequence_length=length, name=name
        )(text)
        # 0 fills short texts up. An empty text has nothing else, so nothing is divided by 0.
        mask = keras.ops.not_equal(tokens, 0)
        weights = keras.ops.expand_dims(keras.ops.cast(mask, "float32"), -1)
        x = keras.layers.Embedding(vocabulary, embedding)(tokens) * weights
        if encoder == "average":
            count = keras.ops.sum(weights, axis=1)
            return keras.ops.sum(x, axis=1) / keras.ops.maximum(count, 1.0)
        if encoder == "convolution":
            x = keras.layers.Conv1D(width, kernel_size, activation="relu", padding="same")(x)
        if encoder == "recurrent":
            return keras.layers.GRU(width)(x, mask=mask)
        return keras.layers.GlobalMaxPooling1D()(x)

    def fit(self, hp, model, x, y, **kwargs):
        """Learn the vocabularies from the training rows alone, then train as usual."""
        for place, name in enumerate(self.text_columns):
            model.get_layer(f"vocabulary_{place}").adapt(x[name])
        if self.task == "regression":
            learn_targets(model, y)
        return model.fit(x, y, **kwargs)


def metrics_for(task: str, outputs: int) -> list:
    """Metrics by which trials can be compared."""
    if task == "multi-label":
        # The area under the ROC curve of each label, and the mean of all labels.
        auc = keras.metrics.AUC(multi_label=True, num_labels=outputs, name="auc")
        return ["binary_accuracy", auc]
    if task == "regression":
        # R2 does not depend on the units of the targets, of which there may be several.
        return ["mean_absolute_error", *([keras.metrics.R2Score()] if outputs > 1 else [])]
    return ["accuracy"]


def learn_targets(model: keras.Model, y) -> None:
    """Learn the mean and the variance of each target, by which its error is divided: the gradients
    of very small targets would vanish beside the optimizer's epsilon."""
    scale = model.get_layer("target")
    y = y.astype("float64").reshape(len(y), -1)
    scale.adapt(y)
    variances = [float(variance) or 1.0 for variance in y.var(axis=0)]
    one = len(variances) == 1
    model.compile(
        optimizer=model.optimizer,
        loss="mean_squared_error" if one else ScaledError(variances),
        metrics=metrics_for("regression", len(variances)),
        loss_weights=[1 / variances[0]] if one else None,
    )


@keras.saving.register_keras_serializable("tuneroom")
class ScaledError(keras.losses.Loss):
    """The squared error of each of several targets, divided by the target's variance: no target
    outweighs the others because of its unit."""

    def __init__(self, variances: list[float], **kwargs):
        super().__init__(**kwargs)
        self.variances = variances

    def call(self, y_true, y_pred):
        return keras.ops.mean(keras.ops.square(y_true - y_pred) / self.variances, axis=-1)

    def get_config(self) -> dict:
        return {**super().get_config(), "variances": self.variances}
