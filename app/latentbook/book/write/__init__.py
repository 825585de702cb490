"""Blocks to a site: pages, assets, search, exports, the offline list."""
