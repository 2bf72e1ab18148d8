"""`python -m crmcore.cli`, where the script `crm` is not on the path."""

from crmcore.cli.root import main

if __name__ == "__main__":
    main()
