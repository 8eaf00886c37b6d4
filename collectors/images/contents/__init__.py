"""Files of images that lie here as archives or layouts: their modes, by the headers of layers."""
