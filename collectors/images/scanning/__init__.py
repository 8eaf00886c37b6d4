"""A scanner that is run over the images that targets use, where a person asked for it."""
