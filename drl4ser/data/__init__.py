"""LLD records on disk and the tf.data pipelines that read them."""
