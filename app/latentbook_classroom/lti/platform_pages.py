"""``/classroom/platforms``: the systems of a university that the course is registered with."""

from datetime import timedelta

from fastapi import APIRouter
from starlette.responses import Response

from latentbook_classroom.course import sent
from latentbook_classroom.course.desk import Desk, InstructorDesk, Number, PageRoute, TheForm
from latentbook_classroom.lti import passback, platforms, registering, roster, steps
from latentbook_classroom.lti.gate import lti_of

router = APIRouter(prefix="/classroom/platforms", route_class=PageRoute, include_in_schema=False)

REGISTRATION = timedelta(1)


async def changed(desk: Desk) -> Response:
    """Update the origins that may frame the book, and return to the page."""
    desk.request.app.state.framers = await desk.read(platforms.framers)
    return desk.to("classroom/platforms")


@router.get("")
async def get_platforms(desk: InstructorDesk) -> Response:
    return await show(desk)


@router.post("/registration")
async def make_link(desk: InstructorDesk) -> Response:
    """Create a link by which a platform registers itself once."""
    token = await desk.read(steps.begin, registering.STEP, {"by": desk.me.person}, REGISTRATION)
    return await show(desk, link=f"{desk.address}lti/register/{token}")


async def show(desk: Desk, *, link: str = "") -> Response:
    states = await desk.read(sent.states, desk.me.course.id)
    return await desk.page(
        "lti/platforms",
        platforms=await desk.read(platforms.everyone),
        contexts=await desk.read(platforms.contexts),
        address=desk.address,
        link=link,
        late=[each for each in states.values() if each.why],
    )


@router.post("")
async def add(desk: InstructorDesk, form: TheForm) -> Response:
    await desk.run(platforms.add, form, by=desk.me.person)
    return await changed(desk)


@router.post("/{number}/deployments")
async def add_deployment(desk: InstructorDesk, form: TheForm, number: Number) -> Response:
    of = await desk.read(platforms.one, number)
    await desk.run(platforms.add_deployment, of.id, form.text("name").strip())
    return await changed(desk)


@router.post("/{number}/remove")
async def remove(desk: InstructorDesk, form: TheForm, number: Number) -> Response:
    form.choice("sure", ("yes",))
    await desk.run(platforms.remove, number, by=desk.me.person)
    return await changed(desk)


@router.post("/contexts/{number}/roster")
async def read_roster(desk: InstructorDesk, number: Number) -> Response:
    """Add everybody on the platform's list, even people who have never opened the book."""
    here, of = await desk.read(roster.place, number)
    found = await roster.fetch(lti_of(desk).tokens, of, here.members_url)
    lines = await desk.run(roster.apply, here, of, found, desk.me.person)
    return await desk.page("roster", lines=lines, text="")


@router.post("/send-again")
async def send_again(desk: InstructorDesk) -> Response:
    await desk.run(passback.send_again, desk.me)
    return desk.to("classroom/platforms")


@router.post("/contexts/{number}/take-along")
async def take_along(desk: InstructorDesk, number: Number) -> Response:
    await desk.run(platforms.take_along, number, by=desk.me.person)
    return await changed(desk)


@router.post("/contexts/{number}/accept-no-more")
async def accept_no_more(desk: InstructorDesk, number: Number) -> Response:
    await desk.run(platforms.accept_no_more, number, desk.me)
    return await changed(desk)
