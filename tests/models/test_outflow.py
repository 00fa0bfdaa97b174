import math

import numpy as np
import pytest

from sor_opt.errors import ConfigError
from sor_opt.models.outflow import FAMILIES, MAX_SCENARIOS, Outflow

MANY = 50_000
SIGMAS = 5.0

every_family = pytest.mark.parametrize("family", FAMILIES)


def mean_and_error(drawn):
    """Sample means by venue, and how far the true ones may be."""
    return drawn.mean(axis=0), SIGMAS * drawn.std(axis=0) / math.sqrt(len(drawn))


@every_family
@pytest.mark.parametrize("alpha", [0.0, 0.6, 1.0])
def test_every_venue_has_the_mean_it_is_given(family, alpha):
    means = (100.0, 300.0, 800.0)
    drawn = Outflow(family=family, mean=means, alpha=alpha, tail=4.0, scenarios=MANY).draw(3)
    assert drawn.shape == (MANY, 3)
    found, error = mean_and_error(drawn)
    assert np.all(np.abs(found - means) < error)


@every_family
def test_one_mean_is_every_venues(family):
    one = Outflow(family=family, mean=50.0, alpha=0.5, scenarios=20)
    each = Outflow(family=family, mean=(50.0, 50.0), alpha=0.5, scenarios=20)
    assert one.draw(2).tolist() == each.draw(2).tolist()


@every_family
@pytest.mark.parametrize("alpha", [0.0, 0.3, 0.6])
def test_alpha_correlates_venues_of_equal_means(family, alpha):
    drawn = Outflow(family=family, mean=500.0, alpha=alpha, tail=9.0, scenarios=MANY).draw(2)
    # Variances alpha^2 of the common and (1 - alpha)^2 of the own part, times the family's.
    expected = alpha**2 / (alpha**2 + (1 - alpha) ** 2)
    found = np.corrcoef(drawn, rowvar=False)[0, 1]
    assert found == pytest.approx(expected, abs=SIGMAS * 2 / math.sqrt(MANY))


@every_family
def test_at_alpha_one_all_venues_move_in_proportion_to_their_means(family):
    drawn = Outflow(family=family, mean=(100.0, 300.0), alpha=1.0, scenarios=50).draw(2)
    assert drawn[:, 1] == pytest.approx(3 * drawn[:, 0])
    assert np.ptp(drawn[:, 0]) > 0


@pytest.mark.parametrize(
    ("family", "drawn"),
    [
        ("poisson", lambda rng, means: rng.poisson(means, (4, len(means)))),
        ("exponential", lambda rng, means: means * rng.standard_exponential((4, len(means)))),
        ("pareto", lambda rng, means: means * 3 / 4 * (1 + rng.pareto(4.0, (4, len(means))))),
    ],
)
def test_a_draw_is_the_common_factor_first_and_then_each_venues_own(family, drawn):
    """xi_k = 0.3 xi_0 mean_k / mean_0 + 0.7 eps_k, with a mean_0 of 200; the tail index is 4."""
    means, rng = np.array([100.0, 300.0]), np.random.default_rng(9)
    common = drawn(rng, np.array([200.0]))
    own = drawn(rng, means)
    expected = 0.3 * common * np.array([0.5, 1.5]) + 0.7 * own
    given = Outflow(family=family, mean=(100.0, 300.0), alpha=0.3, tail=4.0, scenarios=4, seed=9)
    np.testing.assert_allclose(given.draw(2), expected, rtol=1e-14)


def test_poisson_outflows_are_counts_whose_variance_is_their_mean():
    drawn = Outflow(family="poisson", mean=80.0, scenarios=MANY).draw(1)
    assert np.array_equal(drawn, np.round(drawn))
    assert drawn.var() == pytest.approx(80.0, rel=SIGMAS * math.sqrt(2 / MANY))


def test_exponential_outflows_exceed_their_mean_once_in_e():
    drawn = Outflow(family="exponential", mean=80.0, scenarios=MANY).draw(1)
    assert (drawn > 80).mean() == pytest.approx(math.exp(-1), abs=SIGMAS * 0.5 / math.sqrt(MANY))
    assert (drawn > 160).mean() == pytest.approx(math.exp(-2), abs=SIGMAS * 0.5 / math.sqrt(MANY))


@pytest.mark.parametrize("tail", [1.5, 2.5, 4.0])
def test_pareto_outflows_fall_off_by_the_tail_index(tail):
    mean = 300.0
    drawn = Outflow(family="pareto", mean=mean, tail=tail, scenarios=MANY).draw(1)
    least = mean * (tail - 1) / tail
    assert drawn.min() >= least
    for factor in (1.1, 2.0, 5.0):
        chance = factor**-tail
        error = SIGMAS * math.sqrt(chance * (1 - chance) / MANY)
        assert (drawn > factor * least).mean() == pytest.approx(chance, abs=error)


@every_family
def test_the_seed_settles_the_draw(family):
    def draw(seed):
        return Outflow(family=family, mean=50.0, alpha=0.4, scenarios=30, seed=seed).draw(2)

    assert np.array_equal(draw(7), draw(7))
    assert not np.array_equal(draw(7), draw(8))


def test_samples_are_given_back_as_they_are_and_may_be_infinite():
    drawn = Outflow(samples=((0.0, 250.0), (math.inf, 12.5))).draw(2)
    assert drawn.tolist() == [[0.0, 250.0], [math.inf, 12.5]]


def test_the_most_scenarios_are_allowed():
    assert Outflow(family="poisson", mean=1.0, scenarios=MAX_SCENARIOS).scenarios == 100_000
    assert len(Outflow(samples=((1.0,),) * MAX_SCENARIOS).draw(1)) == 100_000


def poisson(**changes):
    return {"family": "poisson", "mean": 10.0} | changes


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "outflow needs either samples or a family"),
        (poisson(samples=((1.0,),)), "outflow needs either samples or a family"),
        (
            poisson(family="normal"),
            "family must be one of poisson, exponential, pareto, got 'normal'",
        ),
        ({"family": "poisson"}, "mean must be > 0 and at most 1e+15, got 0"),
        (poisson(mean=-1.0), "mean must be > 0 and at most 1e+15, got -1"),
        (poisson(mean=math.nan), "mean must be > 0 and at most 1e+15, got nan"),
        (poisson(mean=math.inf), "mean must be > 0 and at most 1e+15, got inf"),
        (poisson(mean=(10.0, 0.0)), "mean must be > 0 and at most 1e+15, got 0"),
        (poisson(mean=()), "mean must be a number, or one number per venue"),
        (poisson(mean=("10",)), "mean must be a number, or one number per venue"),
        (poisson(alpha=-0.1), "alpha must be between 0 and 1, got -0.1"),
        (poisson(alpha=1.1), "alpha must be between 0 and 1, got 1.1"),
        (poisson(alpha=math.nan), "alpha must be between 0 and 1, got nan"),
        (poisson(tail=1.0), "tail must be > 1 and at most 1000, got 1"),
        (poisson(tail=math.nan), "tail must be > 1 and at most 1000, got nan"),
        (poisson(scenarios=0), "scenarios must be between 1 and 100,000, got 0"),
        (poisson(scenarios=100_001), "scenarios must be between 1 and 100,000, got 100,001"),
        (poisson(seed=-1), "seed must be >= 0, got -1"),
        (
            {"samples": ((1.0, 2.0), (1.0,))},
            "sample 2 must hold 2 numbers like the first, got 1",
        ),
        ({"samples": ((1.0,), (-3.0,))}, "sample 2 must hold outflows >= 0, got -3.0"),
        ({"samples": ((1.0,), ("2",))}, "sample 2 must hold outflows >= 0, got '2'"),
        ({"samples": (1.0, 2.0)}, "samples must be rows of one number per venue"),
        ({"samples": ((), ())}, "samples must be rows of one number per venue"),
        ({"samples": ((math.nan,),)}, "sample 1 must hold outflows >= 0, got nan"),
        ({"samples": ((1.0,),) * 100_001}, "samples must hold at most 100,000 rows"),
    ],
)
def test_a_wrong_outflow_is_refused_in_one_line(arguments, message):
    with pytest.raises(ConfigError) as refusal:
        Outflow(**arguments)
    assert str(refusal.value) == message


@pytest.mark.parametrize(
    ("outflow", "message"),
    [
        (
            Outflow(samples=((1.0, 2.0),)),
            "outflow: each sample must hold one number per venue, 3, got 2",
        ),
        (
            Outflow(family="pareto", mean=(1.0, 2.0)),
            "outflow: mean must hold one number per venue, 3, got 2",
        ),
    ],
)
def test_samples_and_means_must_be_one_per_venue(outflow, message):
    with pytest.raises(ConfigError) as refusal:
        outflow.draw(3)
    assert str(refusal.value) == message


def test_a_mean_beyond_what_poisson_can_draw_is_refused():
    with pytest.raises(ConfigError, match="mean"):
        Outflow(family="poisson", mean=1e19).draw(1)


def test_scenarios_of_many_venues_are_counted_before_they_are_drawn():
    with pytest.raises(
        ConfigError, match="100,000 scenarios of 501 venues are more than 50,000,000"
    ):
        Outflow(family="poisson", mean=1.0, scenarios=100_000).draw(501)


def test_the_first_venues_keep_their_samples_and_means():
    samples = ((1.0, 2.0, 3.0), (4.0, 5.0, 6.0))
    assert Outflow(samples=samples).first(2) == Outflow(samples=((1.0, 2.0), (4.0, 5.0)))
    given = Outflow(family="pareto", mean=(10.0, 20.0), alpha=0.3, tail=3.0, scenarios=9, seed=4)
    assert given.first(1) == Outflow((), "pareto", (10.0,), 0.3, 3.0, 9, 4)
    one = Outflow(family="poisson", mean=10.0)
    assert one.first(2) == one
