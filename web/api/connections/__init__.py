"""`/endpoints`, `/sources`: with whom the installation is connected, by key as by the pages."""
