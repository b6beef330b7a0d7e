"""Looking at a store as a whole: what its labels, copies and columns say before it is trusted."""
