"""What is on disk: Delta tables, FAISS indexes derived from them, and SQL over both."""
