"""The frame that pages rendered by the server share with those of the built book."""

from collections.abc import Mapping
from dataclasses import replace
from io import BytesIO
from typing import Any

import segno
from markupsafe import Markup

from latentbook.book.translations.language import content_language, language
from latentbook.book.write.render import TEMPLATES, directions, script_json, template_environment
from latentbook_classroom import TEMPLATES as OWN_TEMPLATES


def qr(address: str) -> bytes:
    """The QR code of an address as SVG, dark on light."""
    picture = BytesIO()
    segno.make(address, error="m", micro=False).save(
        picture, kind="svg", border=4, dark="#000", light="#fff", xmldecl=False, omitsize=True
    )
    return picture.getvalue()


class Frame:
    """The book's title, languages, styles and theme, for a page in a folder below its root.

    Parameters
    ----------
    data : as the build wrote it
    root : of the book, relative to the page
    """

    def __init__(self, data: Mapping[str, Any], root: str) -> None:
        self.data, self.root = data, root
        tag, direction = data["language"]
        self.interface = replace(language(tag), direction=direction)
        tag, direction = data["content"]
        self.content = replace(content_language(tag, self.interface), direction=direction)

    def render(self, template: str, **given: Any) -> str:
        data, root = self.data, self.root
        environment = template_environment((TEMPLATES, OWN_TEMPLATES), self.interface.translations)
        return environment.get_template(template).render(
            language=self.interface,
            **directions(self.interface, self.content),
            book=data["title"],
            brand=Markup(data["brand"]),
            root=root,
            config=script_json({**data["config"], "root": root}),
            head=root + data["head"],
            icon=root + data["icon"],
            styles=[root + style for style in data["styles"]],
            **given,
        )
