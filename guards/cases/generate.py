"""Writes the case table of all guards: `generate.py` makes the three JSON files anew, `--check` compares.

Needs PyJWT[crypto]. The cases are in tokens.py, feed.py and ask.py, the format is described in README.md.
"""

import json
import sys
from pathlib import Path

import ask
import feed
import tokens


def main() -> int:
    stale = []
    for name, table in (("tokens.json", tokens.table()), ("feed.json", feed.table()), ("ask.json", ask.table())):
        path = Path(__file__).parent / name
        text = json.dumps(table, indent=1, ensure_ascii=False) + "\n"
        if "--check" not in sys.argv:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
    if stale:
        print(f"not what generate.py makes: {', '.join(stale)}", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
