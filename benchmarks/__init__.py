"""Side-by-side measurements of drl4ser and of what people would use instead (`make benchmark`)."""
