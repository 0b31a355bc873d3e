"""What is in force for one chain, and what a decision is: settings, rules, terms, decisions as data."""
