"""The policies, one file each; importing this package registers them all."""

from pacing.policies import power, predictive, progressive

__all__ = ["power", "predictive", "progressive"]
