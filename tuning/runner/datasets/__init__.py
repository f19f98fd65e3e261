"""From files and downloads to prepared datasets."""
