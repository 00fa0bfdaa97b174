"""What a policy is, as plain data: two that read alike route alike."""

from __future__ import annotations

from sor_opt.backtest.policies import PlacementRules, placement_policy, static_policy
from sor_opt.models.placement import PlacementParams
from sor_opt.models.risk import RiskParams
from sor_opt.models.static import StaticParams


def test_a_policy_is_described_by_its_own_parameters():
    assert static_policy(static=StaticParams(step=50.0)).described == {
        "name": "static",
        "space": "open",
        "ref": None,
        "step": 50.0,
    }
    fine = placement_policy(rules=PlacementRules(PlacementParams(step=10.0), leftover="sweep"))
    assert fine.described["name"] == "placement"
    assert fine.described["leftover"] == "sweep"
    assert fine.described["model"] == {"depth": "displayed", "step": 10.0}


def test_the_penalties_are_no_part_of_it():
    assert static_policy(RiskParams(0.1, 0.2, 0.3)).described == static_policy().described
