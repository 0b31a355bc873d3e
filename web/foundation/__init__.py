"""What every door stands on: settings, the open installation, languages, logs, metrics, headers, errors."""
