"""How well a tag of recordings can be told from features of them."""
