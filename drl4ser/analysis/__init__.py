"""What trained systems do: salient words, data scale, errors on the test part."""
