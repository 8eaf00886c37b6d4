"""A vCenter or an ESXi host that is asked over its Web Services API."""
