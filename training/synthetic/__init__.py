"""Made examples: junk lines, hard negatives and articles written for this project, as data."""
