"""Fails when a package that we ship has a licence that does not go together with EUPL-1.2.

Looks at what pyproject.toml's `dependencies` bring into this environment, not at tools for development.
"""

import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

# Permissive licences, and weak copyleft used as an unchanged library (LGPL, MPL).
ALLOWED = {
    "0BSD",
    "APACHE-2.0",
    "BSD-2-CLAUSE",
    "BSD-3-CLAUSE",
    "CNRI-PYTHON",
    "EUPL-1.2",
    "HPND",
    "ISC",
    "LGPL-3.0-ONLY",
    "LGPL-3.0-OR-LATER",
    "LGPL-2.1-OR-LATER",
    "MIT",
    "MIT-0",
    "MIT-CMU",
    "MPL-2.0",
    "PSF-2.0",
    "PYTHON-2.0",
    "UNLICENSE",
    "ZLIB",
}
# How packages without an SPDX expression call the same things.
NAMES = {
    "apache": "APACHE-2.0",
    "apache 2": "APACHE-2.0",
    "apache 2.0": "APACHE-2.0",
    "apache license 2.0": "APACHE-2.0",
    "apache license, version 2.0": "APACHE-2.0",
    "apache software license": "APACHE-2.0",
    "bsd": "BSD-3-CLAUSE",
    "bsd 3-clause": "BSD-3-CLAUSE",
    "bsd license": "BSD-3-CLAUSE",
    "bsd-3-clause license": "BSD-3-CLAUSE",
    "isc license": "ISC",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "the mit license (mit)": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "python software foundation license": "PSF-2.0",
    "gnu lesser general public license v3 (lgplv3)": "LGPL-3.0-ONLY",
    "gnu library or lesser general public license (lgpl)": "LGPL-2.1-OR-LATER",
}


def shipped(root: Path) -> Iterator[Distribution]:
    """The packages named in pyproject.toml and everything they need on this system."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    queue = [(Requirement(line), "") for line in project["dependencies"]]
    seen: set[tuple[str, str]] = set()
    named: set[str] = set()
    while queue:
        requirement, extra = queue.pop()
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        try:
            package = distribution(name)
        except PackageNotFoundError:
            raise SystemExit(f"{name} is not installed; run make environment") from None
        if name not in named:
            named.add(name)
            yield package
        for wanted in ["", *requirement.extras]:
            if (name, wanted) not in seen:
                seen.add((name, wanted))
                queue += [(Requirement(line), wanted) for line in package.requires or []]


def licence(package: Distribution) -> str:
    """What the package says of itself: its SPDX expression, else its classifiers, else its free text."""
    metadata = package.metadata
    if expression := metadata.get("License-Expression"):
        return str(expression)
    classifiers = [
        line.rsplit(" :: ", 1)[1]
        for line in metadata.get_all("Classifier") or []
        if line.startswith("License :: ") and not line.endswith("OSI Approved")
    ]
    if classifiers:
        return " OR ".join(NAMES.get(name.lower(), name) for name in classifiers)
    text = str(metadata.get("License") or "").strip().split("\n", 1)[0]
    return NAMES.get(text.lower(), text) or "unknown"


def allowed(expression: str) -> bool:
    """Whether an SPDX expression leaves us a choice that is allowed.

    One that mixes AND with OR is read strictly: every licence in it must be allowed.
    """
    plain = expression.replace("(", " ").replace(")", " ")
    parts = [part.strip().upper() in ALLOWED for part in re.split(r"\s+(?:AND|OR|WITH)\s+", plain, flags=re.I)]
    only_choices = re.search(r"\s(?:AND|WITH)\s", plain, flags=re.I) is None
    return any(parts) if only_choices else all(parts)


def main() -> int:
    """Print every package that is not allowed, or how many are; the exit code."""
    found = [
        (package.metadata["Name"], licence(package)) for package in shipped(Path(__file__).resolve().parent.parent)
    ]
    wrong = sorted((name, text) for name, text in found if not allowed(text))
    for name, text in wrong:
        print(f"{name}: {text}")
    if not wrong:
        print(f"{len(found)} packages, all with a licence we can ship")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
