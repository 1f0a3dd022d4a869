"""Does a system attend to the words that bear the emotion? Measured where a corpus knows these words."""
