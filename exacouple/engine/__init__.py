"""The embedded ADER-DG engine: ``python -m exacouple.engine SPECFILE`` in the case's folder."""
