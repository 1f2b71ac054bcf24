"""Sphinx configuration."""

from typing import ClassVar

from click.testing import CliRunner
from docutils import nodes
from docutils.parsers.rst import Directive
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator

from exacouple import __version__
from exacouple.cli import main

project = "exacouple"
author = "exacouple developers"
copyright = author
release = version = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_enable_extensions = ["dollarmath", "deflist"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]

autodoc_member_order = "bysource"
autodoc_typehints = "none"
napoleon_google_docstring = False
napoleon_use_rtype = False

html_theme = "furo"
html_math_renderer = "mathml"
html_title = f"exacouple {__version__}"


class CommandHelp(Directive):
    """What ``exacouple <command> --help`` prints."""

    has_content = False
    optional_arguments: ClassVar[int] = 1

    def run(self) -> list[nodes.Node]:
        arguments = [*self.arguments, "--help"]
        result = CliRunner().invoke(main, arguments, prog_name="exacouple", terminal_width=90)
        if result.exit_code:
            raise self.error(result.output)
        text = f"$ exacouple {' '.join(arguments)}\n{result.stdout}"
        return [nodes.literal_block(text, text, language="text")]


def mathml(translator: HTML5Translator, node: nodes.math | nodes.math_block) -> None:
    """Write formulas as MathML, which browsers draw without network and without a script."""
    formula = node.astext().strip()
    if isinstance(node, nodes.math):
        translator.body.append(convert(formula))
        raise nodes.SkipNode
    block = convert(formula.replace("{aligned}", "{align*}"), display="block")
    translator.body.append(f'<div class="math" style="padding: 0.5em 0">{block}</div>')
    raise nodes.SkipNode


def setup(app: Sphinx) -> None:
    app.add_html_math_renderer("mathml", (mathml, None), (mathml, None))
    app.add_directive("command-help", CommandHelp)
