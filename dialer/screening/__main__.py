"""`python -m dialer.screening serve`."""

from __future__ import annotations

import sys

from dialer.screening import serving

if __name__ == "__main__":
    serving.main(sys.argv[2:])
