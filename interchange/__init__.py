"""Embeddings, recordings, trials and scores in the forms of other tools."""
