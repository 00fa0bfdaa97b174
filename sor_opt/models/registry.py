"""Every cost model, by name."""

from __future__ import annotations

from sor_opt.models.base import CostModel
from sor_opt.models.placement import PlacementModel
from sor_opt.models.static import StaticModel
from sor_opt.registry import Registry

MODELS: Registry[CostModel] = Registry("model", CostModel, StaticModel, PlacementModel)
"""To add a cost model: one file with a class, and the class here."""
