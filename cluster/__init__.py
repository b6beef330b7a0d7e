"""Work on many machines through Ray: the extra `ray`."""
