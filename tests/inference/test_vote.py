import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tagger.inference.vote import Voting, vote

distributions = arrays(
    np.float32,
    st.tuples(st.integers(1, 20), st.integers(2, 10)),
    elements=st.floats(0, 1, width=32),
).map(lambda a: (a + 1e-3) / (a + 1e-3).sum(1, keepdims=True))


@given(distributions, st.sampled_from(Voting), st.floats(0.2, 5))
def test_a_vote_is_a_distribution_and_order_does_not_matter(windows, rule, temperature):
    result = vote(windows, rule, temperature)
    assert result.shape == windows.shape[1:]
    assert (result >= 0).all()
    assert result.sum() == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(vote(windows[::-1], rule, temperature), result, atol=1e-5)


@given(distributions, st.sampled_from(Voting))
def test_the_temperature_never_changes_the_winner(windows, rule):
    cold, plain, hot = (vote(windows, rule, t) for t in (0.5, 1, 3))
    winner = int(plain.argmax())
    assert cold.max() >= plain.max() - 1e-6 >= hot.max() - 2e-6
    assert cold[winner] == pytest.approx(cold.max())
    assert hot[winner] == pytest.approx(hot.max())


def test_rules():
    windows = np.array([[0.9, 0.1], [0.3, 0.7]], np.float32)
    np.testing.assert_allclose(vote(windows, Voting.MEAN), [0.6, 0.4], atol=1e-6)
    product = np.sqrt(windows.prod(0))
    np.testing.assert_allclose(vote(windows, Voting.LOG_MEAN), product / product.sum(), atol=1e-6)


def test_one_certain_window_has_no_veto():
    windows = np.array([[1.0, 0.0]] + [[0.001, 0.999]] * 18, np.float32)
    assert vote(windows, Voting.LOG_MEAN).argmax() == 1
