"""The switch: its manager interface, its codes, its configuration."""
