"""The pages of groups: what each states, what it inherits, what a change would touch."""
