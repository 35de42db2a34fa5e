"""Files from the network: addresses and handles of hubs, downloads, archives."""
