"""Validation: a file and its contract in, typed Parquet and evidence of every bad record out. No stack is needed."""

from gridata.validation.csv import Refused, Result, validate_csv

__all__ = ["Refused", "Result", "validate_csv"]
