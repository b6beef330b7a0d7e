"""One self-contained page: what is in a store, and how well it tells speakers apart."""
