"""From cosine hits to the single match and its probability."""
