"""Labelled pictures: Parquet, folders and CSV mappings, read and written as streams."""
