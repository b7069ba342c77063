"""Quality beside the peers: junk lines found against content lines lost, in one run."""
