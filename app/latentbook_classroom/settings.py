"""The settings of the classroom."""

from pydantic import Field

from latentbook.settings import PluginSettings


class ClassroomSettings(PluginSettings):
    database: str = Field(
        default="",
        description=(
            "Database of a course with people (docs/classroom/classroom.md): the path of an SQLite "
            "file, or `postgresql://…`; empty serves the book alone."
        ),
    )
    local_platforms: bool = Field(
        default=False,
        description=(
            "To try platforms out (docs/classroom/lti.md) that run at http://localhost. A platform "
            "can then have the server ask other programs of this machine."
        ),
    )
