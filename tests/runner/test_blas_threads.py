"""How many threads scikit-learn's linear algebra has in a trial."""

import pytest

pytestmark = pytest.mark.tensorflow


def test_small_matrices_get_one_thread_and_large_ones_keep_those_of_the_slot() -> None:
    from threadpoolctl import threadpool_info, threadpool_limits

    from tuning.runner.estimators.building import LARGE, in_threads

    def threads() -> set[int]:
        return {one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"}

    with threadpool_limits(2, user_api="blas"):
        with in_threads(LARGE - 1):
            assert threads() == {1}
        with in_threads(LARGE):
            assert threads() == {2}
        with in_threads():
            assert threads() == {2}
