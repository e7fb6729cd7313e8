"""`python -m pip download --requirement FILE --dest FOLDER`, out of the folder PIP_FIND_LINKS: starts in no time.

What the real one does and says is tested in `test_wheels.py`.
"""

import os
import shutil
import sys
from pathlib import Path

options = dict(zip(sys.argv, sys.argv[1:], strict=False))
wanted = Path(options["--requirement"]).read_text(encoding="utf-8").strip()
name, _, version = wanted.partition("==")
found = list(Path(os.environ["PIP_FIND_LINKS"]).glob(f"{name.replace('-', '_')}-{version}-*.whl"))
if not found:
    sys.exit(f"ERROR: No matching distribution found for {wanted}")
shutil.copy(found[0], options["--dest"])
