"""The laboratory: everything that only exists to run the product whole on one machine, and to test it.

Asterisk's root folder and instances, the telco stand-in, PostgreSQL, the broker, voices. Nothing in
`dialer` imports it.
"""
