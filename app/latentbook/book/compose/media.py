"""Files that a page needs, named by their content."""

from latentbook.base.hashing import content_hash


class Media:
    """Pictures collected while the book is read; the site writes them."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def add(self, name: str, suffix: str, data: bytes) -> str:
        """Store a file and return its path below the site's root."""
        place = f"assets/{name}-{content_hash(data)}{suffix}"
        self.files[place] = data
        return place
