"""Taggers: fill in a noise condition, a gender or a language that no manifest gave."""
