"""The nouns: their arithmetic and the table of states. Law: nothing here needs anything but the model."""
