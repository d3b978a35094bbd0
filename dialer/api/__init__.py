"""The API: what browsers and robots speak to. It reads the store, writes wishes as intents, and never dials."""
