"""`python -m dialer.screening`: the detector on files, its training and its figures; `serve` hears live calls."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    # Whoever hears live calls is to be up at once: nothing is loaded that only files need.
    if sys.argv[1:2] == ["serve"]:
        from dialer.screening import serving

        serving.main(sys.argv[2:])
    else:
        from dialer.screening.tool import main

        sys.exit(main())
