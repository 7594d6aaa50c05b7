"""Why there is no data: what ``tocsin config check`` finds beside errors of the configuration."""
