"""Cosine search in a group or in the whole store, and score normalisation."""
