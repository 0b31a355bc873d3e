"""The facts of many orders as columns in one Parquet file."""
