"""A small Open edX: its LTI component as published, in a Django that has one course.

It runs in a separate environment (``open_edx.lock``): ``python open_edx.py FOLDER BOOK`` prints its
address and serves until it is killed. The component is unchanged, with all its views. This file
has only the parts of the LMS that it calls: people, a course, pages, a gradebook.
"""

import sys
import uuid
from types import SimpleNamespace
from wsgiref.simple_server import make_server

import django
from django.conf import settings

FOLDER, BOOK = sys.argv[1:]
SERVER = make_server("127.0.0.1", 0, None)
URL = f"http://localhost:{SERVER.server_port}"

settings.configure(
    ALLOWED_HOSTS=["*"],
    SECRET_KEY=uuid.uuid4().hex,
    ROOT_URLCONF=__name__,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": f"{FOLDER}/lms.sqlite"}},
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "config_models",
        "lti_consumer",
    ],
    MIDDLEWARE=[
        "edx_django_utils.cache.middleware.RequestCacheMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "edx_django_utils.cache.middleware.TieredCacheMiddleware",
    ],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    USE_TZ=True,
    DEBUG_PROPAGATE_EXCEPTIONS=True,  # a failure here belongs in the log
    LMS_ROOT_URL=URL,
    PLATFORM_NAME="The university",
    SERVICE_VARIANT="lms",
    USAGE_ID_PATTERN="(?P<usage_id>[^/]+)",
)
django.setup()

from django.contrib.auth import login
from django.contrib.auth.models import AnonymousUser, User
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import call_command
from django.http import HttpResponse, JsonResponse
from django.urls import include, path
from lti_consumer import LtiConsumerXBlock
from lti_consumer.api import config_id_for_block
from lti_consumer.models import CourseAllowPIISharingInLTIFlag
from lti_consumer.plugin import compat
from opaque_keys.edx.keys import CourseKey
from openedx_events.content_authoring.data import DuplicatedXBlockData
from openedx_events.content_authoring.signals import XBLOCK_DUPLICATED
from xblock.core import XBlockMixin
from xblock.fields import ScopeIds
from xblock.reference.user_service import UserService, XBlockUser
from xblock.runtime import DictKeyValueStore, KvsFieldData, Runtime

COURSE = CourseKey.from_string("course-v1:University+Codes+2026")
PEOPLE = {
    "ada": ("Ada Lovelace", "instructor"),
    "grace": ("Grace Hopper", "Community TA"),
    "emmy": ("Emmy Noether", "student"),
    "sofia": ("Sofia Kovalevskaya", "student"),
}
LAUNCH = f"{BOOK}/lti/launch"
COMMON = {
    "lti_version": "lti_1p3",
    "lti_1p3_oidc_url": f"{BOOK}/lti/login",
    "lti_1p3_tool_key_mode": "keyset_url",
    "lti_1p3_tool_keyset_url": f"{BOOK}/lti/jwks",
    "lti_1p3_enable_nrps": True,
    "ask_to_send_full_name": True,
    "ask_to_send_username": True,
    "ask_to_send_email": True,
    "has_score": True,
    "weight": 10.0,
}
COMPONENTS = {
    "linked": {
        "lti_1p3_launch_url": f"{BOOK}/classroom/assignments/week-1/",
        "lti_1p3_redirect_uris": [LAUNCH],
    },
    "chosen": {
        "lti_1p3_launch_url": LAUNCH,
        "lti_advantage_deep_linking_enabled": True,
        "lti_advantage_deep_linking_launch_url": LAUNCH,
    },
}
COMPONENTS["copied"] = {**COMPONENTS["linked"], "lti_1p3_launch_url": f"{BOOK}/classroom/"}
"""An author's input in Studio, by the component's name."""

FIELDS = KvsFieldData(DictKeyValueStore())
GRADEBOOK = {}


def course_role(user):
    """The role in the course: one in its discussion does not count."""
    role = PEOPLE[user.username][1]
    return "student" if role == "Community TA" else role


def external_id(user):
    return str(uuid.uuid5(uuid.NAMESPACE_URL, user.username))


class People(UserService):
    """The person for whom a component is loaded, as the LMS describes them."""

    def __init__(self, user):
        super().__init__()
        self.user = user

    def get_current_user(self):
        found = XBlockUser(True, [self.user.email], self.user.first_name)
        found.opt_attrs = {
            "edx-platform.is_authenticated": True,
            "edx-platform.user_id": self.user.id,
            "edx-platform.username": self.user.username,
            "edx-platform.user_role": course_role(self.user),
        }
        return found

    def get_external_user_id(self, kind):
        return external_id(self.user)


class Lms(Runtime):
    """The parts of the LMS that a component can call."""

    def publish(self, block, kind, data):
        user = User.objects.get(id=data["user_id"])
        GRADEBOOK[user.username] = [data["value"], data["max_value"]]

    def local_resource_url(self, block, uri):
        return uri

    handler_url = resource_url = None


class Dates(XBlockMixin):
    """Dates that components have in a course."""

    start = due = graceperiod = None


def place(name):
    return COURSE.make_usage_key("lti_consumer", name)


def component(name, user):
    services = {
        "field-data": FIELDS,
        "user": People(user),
        "rebind_user": SimpleNamespace(rebind_noauth_module_to_user=lambda block, user: None),
    }
    at = place(name)
    runtime = Lms(None, id_generator=None, services=services, mixins=[Dates])
    return runtime.construct_xblock_from_class(
        LtiConsumerXBlock, ScopeIds(user.id, "lti_consumer", at, at)
    )


def load(location):
    return component(location.block_id, AnonymousUser())


def members(course):
    return {
        user.id: {
            "id": user.id,
            "username": user.username,
            "email": user.email,
            "name": user.first_name,
            "roles": [course_role(user)],
        }
        for user in User.objects.all()
    }


def external_ids(users):
    ids = users.prefetch_related(None)  # without profiles, which this Django lacks
    return {user.id: SimpleNamespace(external_user_id=external_id(user)) for user in ids}


compat.load_enough_xblock = compat.load_block_as_user = load
compat.get_course_by_id = lambda course: SimpleNamespace(
    display_name_with_default="Codes", display_org_with_default="University"
)
compat.get_course_members = members
compat.batch_get_or_create_externalids = external_ids
compat.get_user_from_external_user_id = lambda sent: next(
    user for user in User.objects.all() if external_id(user) == sent
)
compat.get_user_course_forum_role = lambda number, course: compat._select_supported_forum_role(
    [PEOPLE[User.objects.get(id=number).username][1]]
)
compat.user_has_studio_write_access = lambda user, course: (
    PEOPLE.get(user.username, ("", ""))[1] == "instructor"
)
compat.user_course_access = compat.user_has_access = lambda *given, **named: True


def sign_in(request, who):
    login(request, User.objects.get(username=who), "django.contrib.auth.backends.ModelBackend")
    return HttpResponse()


def course(request, name):
    return HttpResponse(component(name, request.user).student_view({}).content)


def studio(request, name):
    return HttpResponse(component(name, request.user).author_view({}).content)


def gradebook(request):
    return JsonResponse(GRADEBOOK)


urlpatterns = [
    path("login/<who>", sign_in),
    path("course/<name>", course),
    path("studio/<name>", studio),
    path("gradebook", gradebook),
    path("api/", include("lti_consumer.plugin.urls")),
]

if __name__ == "__main__":
    call_command("migrate", verbosity=0)
    for username, (full_name, _) in PEOPLE.items():
        User.objects.create_user(username, f"{username}@university.example", first_name=full_name)
    CourseAllowPIISharingInLTIFlag.objects.create(course_id=COURSE, enabled=True)
    for name, fields in COMPONENTS.items():
        made = component(name, AnonymousUser())
        for field, value in {**COMMON, **fields}.items():
            setattr(made, field, value)
        made.save()
    config_id_for_block(component("linked", AnonymousUser()))
    copied = DuplicatedXBlockData(
        usage_key=place("copied"), block_type="lti_consumer", source_usage_key=place("linked")
    )
    XBLOCK_DUPLICATED.send_event(xblock_info=copied)
    SERVER.set_app(WSGIHandler())
    print(URL, flush=True)
    SERVER.serve_forever()
