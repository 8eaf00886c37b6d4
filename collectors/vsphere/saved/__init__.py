"""An inventory that was saved: a folder of XML with a file for each object, as govc writes it."""
