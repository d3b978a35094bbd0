"""Pacing: how many calls to place now, and why. Pure: no clock, no file, no random source, nothing of
`dialer`."""
