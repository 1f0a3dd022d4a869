"""Worker processes of this machine or of a Ray cluster, and replicas that share a training step."""
