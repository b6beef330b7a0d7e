"""The paths that a server answers, by concern."""
