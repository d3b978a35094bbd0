"""The policies, one file each; importing this package registers them all."""

from pacing.policies import erlang, issabel, power, predictive, progressive, vicidial

__all__ = ["erlang", "issabel", "power", "predictive", "progressive", "vicidial"]
