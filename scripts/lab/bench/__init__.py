"""Measurements of the product on this machine, each against something simpler in the same run."""
