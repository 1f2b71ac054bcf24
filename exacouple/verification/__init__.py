"""Numerical experiments with known answers, run against the embedded engine.

`registry.CHECKS` lists them. Every number that a check yields has a bound, and the bound has a
source: a theorem, a paper or a standard, never an earlier output of the engine. Exact solutions
are in `exacouple.verification.solutions`.
"""
