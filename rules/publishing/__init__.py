"""From a draft to the version in force: edited, agreed to, scheduled, published."""
