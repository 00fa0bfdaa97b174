import pytest

from sor_opt.errors import ConfigError
from sor_opt.models.risk import RiskParams


def test_theta_is_added_to_both_penalties():
    risk = RiskParams(lambda_over=0.001, lambda_under=0.002, theta_queue=0.0005)
    assert risk.excess_penalty == pytest.approx(0.0015)
    assert risk.shortfall_penalty == pytest.approx(0.0025)


def test_a_fraction_is_worth_the_price_and_a_dollar_a_dollar():
    assert RiskParams().dollars(156.0) == 156.0
    assert RiskParams().dollars(-156.0) == 156.0  # a mirrored book
    assert RiskParams(unit="per_share").dollars(156.0) == 1.0


@pytest.mark.parametrize("name", ["lambda_over", "lambda_under", "theta_queue"])
@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf")])
def test_penalties_are_finite_and_not_negative(name, value):
    with pytest.raises(ConfigError, match=f"{name} must be finite and >= 0, got {value:g}"):
        RiskParams(**{name: value})


@pytest.mark.parametrize("name", ["lambda_over", "lambda_under", "theta_queue"])
def test_a_penalty_beyond_all_sense_is_refused(name):
    assert getattr(RiskParams(**{name: 1e6}), name) == 1e6
    with pytest.raises(ConfigError, match=rf"{name} must be at most 1e\+06, got 1e\+300"):
        RiskParams(**{name: 1e300})


def test_an_unknown_unit_is_refused():
    with pytest.raises(ConfigError, match="unit must be one of fraction, per_share, got 'bps'"):
        RiskParams(unit="bps")
