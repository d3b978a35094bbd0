"""`python -m dialer`: the command line of `dialer.cli`."""

from dialer.cli import main

if __name__ == "__main__":
    main()
