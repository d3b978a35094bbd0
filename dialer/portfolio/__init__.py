"""What is collected: the script an agent reads, and the loading of debtors' files."""
