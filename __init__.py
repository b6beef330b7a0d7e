"""spkret: speaker retrieval. The public Python API."""
