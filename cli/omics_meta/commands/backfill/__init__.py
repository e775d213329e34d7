"""`omics-meta backfill`: brings the rows of stores up to date, by itself or through the pipeline."""
