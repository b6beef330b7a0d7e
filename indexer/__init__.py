"""Audio on disk to embeddings and metadata."""
