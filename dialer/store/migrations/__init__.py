"""The steps from one schema to the next, run by `dialer.store.database.upgrade`."""
