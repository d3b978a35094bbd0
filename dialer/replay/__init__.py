"""Plays a logged day again: the same engine, a virtual clock, and the people who were called and worked that day."""
