"""Compiles every template of the project, Django's and Jinja's, and lists those that do not."""

import sys
from pathlib import Path

import django
from django.conf import settings
from django.template import TemplateDoesNotExist, TemplateSyntaxError, engines


def main() -> int:
    """The exit code; one line for each template that is wrong."""
    django.setup()
    wrong = []
    count = 0
    for engine in engines.all():
        ours = [Path(folder) for folder in engine.template_dirs if Path(folder).is_relative_to(settings.BASE_DIR)]
        others = [Path(folder) for other in engines.all() if other is not engine for folder in other.template_dirs]
        for folder in ours:
            if ".venv" in folder.parts:
                continue
            for path in sorted(folder.rglob("*")):
                # Where one engine's folder lies inside another's, a template belongs to the innermost.
                inner = [o for o in others if path.is_relative_to(o) and o != folder and o.is_relative_to(folder)]
                if not path.is_file() or inner:
                    continue
                count += 1
                name = str(path.relative_to(folder))
                try:
                    engine.get_template(name)
                except (TemplateSyntaxError, TemplateDoesNotExist) as error:
                    wrong.append(f"{path.relative_to(settings.BASE_DIR)}: {error}")
    sys.stdout.write(("\n".join(wrong) or f"{count} templates compile") + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
