"""Exact solutions of the shallow-water equations, as functions of place and time.

Each gives depth and velocities in SI units, or in any others that gravity shares. Solvers are not
imported here.
"""
