"""Rules: packs of patterns as data, and the engine that finds their hits in a batch."""

from __future__ import annotations

from unbait.rules.engine import Hits, RuleSet
from unbait.rules.loading import load_pack, load_user
from unbait.rules.model import Rule, RuleFile
from unbait.rules.packaged import load_packaged

__all__ = ["Hits", "Rule", "RuleFile", "RuleSet", "load_pack", "load_packaged", "load_user"]
