"""What is known of metrics: which way each one improves, and which names mean the same one.

A runner looks the classes of a model's metrics up here, the site their names. A metric that is in
no table has no direction that anybody could know: a person is asked.

Which way a metric improves: `protocol/metrics.py` is the table of Keras's classes and of names. A
runner looks up the classes of a model's metrics (`runner/directions.py`, stored as
`Inspection.directions`); `Inspection.direction_of` and `Search.direction_of` fall back to names
(`protocol/objectives.py`). `""` means that the direction is unknown: forms ask
(`forms/directions.py`), tables mark no best value.
"""

MIN, MAX = "min", "max"


def _table(direction: str, names: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), direction)


# Keras's classes. A class without a direction says nothing: "" stands for that.
KERAS_CLASSES: dict[str, str] = {
    **_table(MAX, """
        AUC Accuracy BinaryAccuracy BinaryIoU CategoricalAccuracy ConcordanceCorrelation
        CosineSimilarity F1Score FBetaScore IoU MeanIoU OneHotIoU OneHotMeanIoU PearsonCorrelation
        Precision PrecisionAtRecall R2Score Recall RecallAtPrecision SensitivityAtSpecificity
        SparseCategoricalAccuracy SparseTopKCategoricalAccuracy SpecificityAtSensitivity
        TopKCategoricalAccuracy TrueNegatives TruePositives
    """),
    **_table(MIN, """
        BinaryCrossentropy CategoricalCrossentropy CategoricalHinge FalseNegatives FalsePositives
        Hinge KLDivergence LogCoshError MeanAbsoluteError MeanAbsolutePercentageError
        MeanRelativeError MeanSquaredError MeanSquaredLogarithmicError Poisson RootMeanSquaredError
        SparseCategoricalCrossentropy SquaredHinge
    """),
    **_table("", "Mean MeanMetricWrapper MeanTensor Metric Sum"),
}  # fmt: skip

# Functions of keras.metrics. Those of keras.losses, some of which are the same, are better when
# lower, keras.losses.cosine_similarity too.
KERAS_FUNCTIONS: dict[str, str] = _table(MAX, """
    binary_accuracy categorical_accuracy concordance_correlation pearson_correlation
    sparse_categorical_accuracy sparse_top_k_categorical_accuracy top_k_categorical_accuracy
""")  # fmt: skip

# Names as Keras, scikit-learn and people write them, in lower case, without a prefix or a number.
# Not here because they are used both ways: dice, tversky (index or loss), prc, map, distance.
NAMES: dict[str, str] = {
    # Keras's own, as it derives them from its classes.
    **_table(MAX, """
        acc accuracy auc binary_accuracy binary_io_u categorical_accuracy concordance_correlation
        cosine_similarity f1_score f_beta_score fbeta_score io_u iou mean_io_u mean_iou one_hot_io_u
        one_hot_iou one_hot_mean_io_u pearson_correlation precision precision_at_recall r2_score
        recall recall_at_precision sensitivity_at_specificity sparse_categorical_accuracy
        sparse_top_k_categorical_accuracy specificity_at_sensitivity top_k_categorical_accuracy
        true_negatives true_positives
    """),
    **_table(MIN, """
        bce binary_crossentropy binary_focal_crossentropy categorical_crossentropy
        categorical_focal_crossentropy categorical_generalized_cross_entropy categorical_hinge
        ce circle cross_entropy crossentropy ctc false_negatives false_positives hinge huber
        kl_divergence kld kullback_leibler_divergence log_cosh logcosh mae mape mse msle poisson
        sparse_categorical_crossentropy squared_hinge
    """),
    # scikit-learn's scorers, of all of which larger is better, and its functions.
    **_table(MAX, """
        accuracy_score adjusted_mutual_info_score adjusted_rand_score average_precision
        average_precision_score balanced_accuracy balanced_accuracy_score
        calinski_harabasz_score cohen_kappa_score completeness_score
        d2_absolute_error_score d2_brier_score d2_log_loss_score d2_pinball_score d2_tweedie_score
        dcg_score explained_variance explained_variance_score f1 fowlkes_mallows_score
        homogeneity_score jaccard jaccard_score label_ranking_average_precision_score
        matthews_corrcoef mutual_info_score ndcg_score neg_brier_score neg_log_loss neg_max_error
        neg_mean_absolute_error neg_mean_absolute_percentage_error neg_mean_gamma_deviance
        neg_mean_poisson_deviance neg_mean_squared_error neg_mean_squared_log_error
        neg_median_absolute_error neg_negative_likelihood_ratio neg_root_mean_squared_error
        neg_root_mean_squared_log_error normalized_mutual_info_score positive_likelihood_ratio
        precision_score r2 rand_score recall_score roc_auc roc_auc_ovo roc_auc_ovr roc_auc_score
        silhouette_score top_k_accuracy top_k_accuracy_score v_measure_score
    """),
    **_table(MIN, """
        davies_bouldin_score mean_gamma_deviance mean_poisson_deviance mean_squared_log_error
        mean_tweedie_deviance root_mean_squared_log_error
    """),
    # What people call theirs.
    **_table(MAX, """
        ap aucpr auprc auroc bleu ccc cohen_kappa cohens_kappa coefficient_of_determination
        correlation dice_coef dice_coefficient dice_score dsc f1score f2 f2_score f_score fbeta
        iou_score jaccard_index kappa kendall_tau kendalltau matthews_correlation
        matthews_correlation_coefficient mcc mean_average_precision mrr ms_ssim ndcg npv pearson
        pearsonr ppv pr_auc psnr quadratic_kappa quadratic_weighted_kappa qwk r_square r_squared
        roc rouge rsquare rsquared sensitivity spearman spearman_correlation spearmanr specificity
        ssim tnr top5_acc tpr true_negative_rate true_positive_rate
    """),
    **_table(MIN, """
        cer cross_entropy_loss err error error_rate false_discovery_rate false_negative_rate
        false_positive_rate fdr fid fnr fpr hamming_distance hausdorff_distance log_loss logloss
        loss lpips miss_rate misclassification_rate nll nmae nmse nrmse perplexity ppl rmse rmsle
        smape wape wer wmape
    """),
}  # fmt: skip

# KerasTuner's names for what a scikit-learn scorer gives, and for a number without a name, which it
# minimises.
WHOLE_NAMES: dict[str, str] = {"score": MAX, "default_objective": MIN}

# Endings that say how a metric is averaged, or nothing at all.
ENDINGS = ("_m", "_macro", "_metric", "_micro", "_samples", "_weighted", "_keras", "_fn", "_ovo",
           "_ovr", "_value")  # fmt: skip
# A word before a known name that turns it around, or makes another thing of it.
TURNS_AROUND = frozenset({
    "anti", "delta", "diff", "drop", "err", "error", "false", "gap", "inv", "inverse",
    "inverted", "log", "loss", "min", "minus", "neg", "negated", "negative", "no", "non", "not",
    "std", "stdev", "var", "variance", "worst",
})  # fmt: skip

# Short names and older ones -> what Keras calls the same metric.
ALIASES: dict[str, str] = {
    "acc": "accuracy",
    "bce": "binary_crossentropy",
    "ce": "crossentropy",
    "cosine_proximity": "cosine_similarity",
    "kld": "kl_divergence",
    "kullback_leibler_divergence": "kl_divergence",
    "logcosh": "log_cosh",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "mse": "mean_squared_error",
    "msle": "mean_squared_logarithmic_error",
    "rmse": "root_mean_squared_error",
}
