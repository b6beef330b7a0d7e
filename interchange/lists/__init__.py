"""Manifests, trials and scores in the forms of other tools."""
