"""Which engine the options --engine and --site ask for."""

import difflib
from typing import TYPE_CHECKING

from exacouple.errors import UsageError

if TYPE_CHECKING:
    from exacouple.cases.site import Site


ENGINES = ("embedded", "exahype")


def chosen_site(engine: str | None, site_name: str | None) -> "Site | None":
    """Return the site that is asked for; None for the embedded engine.

    Raises
    ------
    UsageError
        The options do not fit together, or the profile is not there or wrong.
    """
    from exacouple.cases.site import load_site, site_names

    if engine is not None and engine not in ENGINES:
        close = difflib.get_close_matches(engine, ENGINES, n=1)
        hint = f", did you mean '{close[0]}'?" if close else ""
        raise UsageError(f"no engine '{engine}'{hint} (there are: {', '.join(ENGINES)})")
    if site_name is not None:
        if engine == "embedded":
            raise UsageError(
                "--site is for ExaHyPE: leave it out, or give --engine exahype instead of embedded"
            )
        return load_site(site_name)
    if engine == "exahype":
        raise UsageError(
            "--engine exahype needs --site, the site profile of your build: a TOML file or "
            f"one of {', '.join(site_names())}"
        )
    return None
