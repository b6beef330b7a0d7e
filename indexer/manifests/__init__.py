"""The forms in which a list of recordings comes: one file a form."""
