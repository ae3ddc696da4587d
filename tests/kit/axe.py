"""axe-core, the accessibility checker, inside the pages of the browser tests."""

from dataclasses import dataclass

from common import NPM, Problem

SCRIPT = NPM / "node_modules" / "axe-core" / "axe.min.js"
# What keeps somebody from using a page; the rest is advice.
IMPACTS = {"serious", "critical"}
RUN = """() => axe.run(document, {resultTypes: ["violations"]}).then(result =>
    result.violations.flatMap(found => found.nodes.map(node => ({
        rule: found.id,
        impact: node.impact || found.impact,
        help: found.help,
        target: node.target.flat(5).join(" "),
        html: node.html,
    }))))"""


@dataclass(frozen=True)
class Finding:
    """One element that breaks one rule of axe."""

    rule: str
    impact: str
    help: str
    target: str
    html: str

    def __str__(self):
        return f"{self.impact} {self.rule}: {self.help}\n  {self.target}\n  {self.html[:300]}"


def load():
    """Return axe's source.

    :raise Problem: when the set-up could not fetch it
    """
    if not SCRIPT.exists():
        raise Problem(
            "axe-core is missing, accessibility was not checked: it comes from the npm registry;"
            " install npm, make sure that it reaches the registry, and run `make test` again"
        )
    return SCRIPT.read_text()


def find(page):
    """Return the serious and critical findings on a page as it stands.

    :rtype: list[Finding]
    """
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(load())
    found = [Finding(**row) for row in page.evaluate(RUN)]
    return [finding for finding in found if finding.impact in IMPACTS]
