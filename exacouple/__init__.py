"""Couple learned bathymetry with tsunami simulation: prepare, run and compare cases."""

__version__ = "0.1.0"
