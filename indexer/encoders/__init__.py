"""Speaker encoders: one contract, one file a family, one registry."""
