"""Files of embeddings: one module a format."""
