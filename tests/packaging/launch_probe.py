"""Stands before an executable (``--launch-prefix``): notes its command, starts nothing.

Usage: launch_probe.py OUT.json COMMAND...
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main() -> None:
    command = sys.argv[2:]
    files = [command[i + 1] for i, word in enumerate(command) if word == "--params-file"]
    noted = {"command": command, "files": [Path(file).read_text() for file in files]}
    out = Path(sys.argv[1])
    with out.open("a") as log:
        log.write(json.dumps(noted) + "\n")


if __name__ == "__main__":
    main()
