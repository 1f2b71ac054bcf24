"""Which engine the options --engine and --site ask for."""

import difflib
from typing import TYPE_CHECKING

from exacouple.errors import UsageError

if TYPE_CHECKING:
    from exacouple.cases.site import Site


ENGINES = ("embedded", "exahype")


def chosen_site(engine: str | None, site_name: str | None) -> "Site | None":
    """Return the site whose build of ExaHyPE is asked for; None for the embedded engine.

    Raises
    ------
    UsageError
        The options do not fit together, or the profile is not there or wrong.
    """
    site = launch_site(engine, site_name)
    return None if site is None or site.is_embedded else site


def launch_site(engine: str | None, site_name: str | None) -> "Site | None":
    """Return the site that says how the engine is started; None to start the embedded one here.

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
    if site_name is None:
        if engine == "exahype":
            raise UsageError(
                "--engine exahype needs --site, the site profile of your build: a TOML file or "
                f"one of {', '.join(site_names())}"
            )
        return None
    site = load_site(site_name)
    if engine == "embedded" and not site.is_embedded:
        raise UsageError(
            f"--site {site_name} is for ExaHyPE: leave it out, give --engine exahype instead of "
            'embedded, or a profile with engine = "embedded"'
        )
    if engine == "exahype" and site.is_embedded:
        raise UsageError(
            f"--site {site_name} is for the embedded engine: give a profile that describes your "
            "build of ExaHyPE"
        )
    return site
