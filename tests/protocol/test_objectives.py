"""Which way a metric improves: by its name, or nobody knows."""

import pytest

from tuning.protocol.objectives import infer_direction, is_better, reported_name

HIGHER = """
    accuracy val_acc val_accuracy weighted_accuracy out_accuracy val_head_1_accuracy top_5_accuracy
    val_auc val_auc_3 pr_auc val_f1 F1 f1_m val_f1_m precision_m recall_macro val_f1_score F1Score
    val_f_beta_score val_r2 R2 r_square val_r_squared val_mcc val_dice_coef dice_coefficient val_kappa
    cohen_kappa val_psnr ssim val_iou val_mean_io_u BinaryIoU one_hot_mean_io_u cosine_similarity
    true_positives specificity_at_sensitivity val_pearson_correlation score d2_log_loss_score
    neg_log_loss neg_mean_squared_error roc_auc_ovo_weighted best_val_accuracy
"""  # noqa: E501
LOWER = """
    loss val_loss out_loss val_decoder_loss reconstruction_loss accuracy_loss log_loss hamming_loss
    mse val_mae val_out_mean_squared_error MeanSquaredError mean_relative_error max_error
    root_mean_squared_error mean_squared_log_error coverage_error val_rmse error_rate
    false_positives val_out_false_negatives kl_divergence binary_crossentropy out_a_hinge poisson
    perplexity default_objective
"""
UNKNOWN = """
    val_prc prc dice tversky_index map distance mean sum score_std anomaly_score learning_rate
    neg_accuracy one_minus_auc 1_minus_auc inverse_accuracy my_metric accuracy_gap val_custom time
"""


@pytest.mark.parametrize(
    ("name", "direction"),
    [(name, way) for names, way in ((HIGHER, "max"), (LOWER, "min"), (UNKNOWN, ""))
     for name in names.split()],
)  # fmt: skip
def test_a_name_says_which_way_or_nothing(name: str, direction: str) -> None:
    assert infer_direction(name) == direction


def test_higher_is_better_for_all_scorers_of_scikit_learn() -> None:
    from sklearn import metrics

    others = {n for n in metrics.get_scorer_names() if infer_direction(n) != "max"}
    assert others == set()


def test_functions_of_scikit_learn_are_losses_errors_or_scores() -> None:
    """Its own naming: what ends with _score is better when higher, _error, _loss and _deviance
    when lower; one score is not."""
    from sklearn import metrics

    wrong = {}
    for name in metrics.__all__:
        ending = name.rpartition("_")[2]
        expected = {"score": "max", "error": "min", "loss": "min", "deviance": "min"}.get(ending)
        if name == "davies_bouldin_score":
            expected = "min"
        if expected and infer_direction(name) not in (expected, ""):
            wrong[name] = infer_direction(name)
    assert wrong == {}
    assert infer_direction("davies_bouldin_score") == "min"


def test_what_a_class_says_goes_before_the_name() -> None:
    known = {"val_prc": "max", "cosine_similarity": "min"}
    assert infer_direction("val_prc", known) == "max"
    assert infer_direction("prc", known) == "max"
    assert infer_direction("val_cosine_similarity", known) == "min"
    assert infer_direction("val_other", known) == ""


def test_nothing_is_compared_without_a_direction() -> None:
    assert is_better(2, 1, "max")
    assert not is_better(2, 1, "min")
    assert is_better(float("1"), None, "min")
    with pytest.raises(ValueError, match="Invalid direction"):
        is_better(2, None, "")


REPORTED = ["loss", "mean_squared_error", "auc_1", "val_loss", "val_mean_squared_error",
            "val_auc_1", "val_accuracy"]  # fmt: skip


@pytest.mark.parametrize(
    ("objective", "metric"),
    [
        ("val_loss", "val_loss"), ("val_mse", "val_mean_squared_error"),
        ("mse", "mean_squared_error"), ("val_MSE", "val_mean_squared_error"),
        ("val_auc", "val_auc_1"), ("val_acc", "val_accuracy"), ("accuracy", ""), ("val_f1", ""),
        ("val_mae", ""),
    ],
)  # fmt: skip
def test_an_objective_is_found_among_what_is_reported(objective: str, metric: str) -> None:
    assert reported_name(objective, REPORTED) == metric


def test_two_that_could_be_meant_are_none() -> None:
    assert reported_name("val_auc", ["val_auc_1", "val_auc_2"]) == ""
