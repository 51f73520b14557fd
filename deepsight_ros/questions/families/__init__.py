"""The catalogue's entries, one file per family. Data: phrasings, and which solver answers them."""
