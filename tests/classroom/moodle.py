"""Moodle itself, from its source, with Debian's PHP and PostgreSQL."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from tests.classroom.postgresql import postgresql
from tests.patience import until

PASSWORD = "Not-Secret-1"
PHP = ("php", "-d", "max_input_vars=6000")
EXTENSIONS = {"curl", "gd", "intl", "mbstring", "pgsql", "soap", "xml", "zip"}
CONFIG = """\
<?php
unset($CFG);
global $CFG;
$CFG = new stdClass();
$CFG->dbtype = 'pgsql';
$CFG->dblibrary = 'native';
$CFG->dbhost = 'localhost';
$CFG->dbname = 'moodle';
$CFG->dbuser = 'book';
$CFG->dbpass = '';
$CFG->prefix = 'mdl_';
$CFG->dboptions = ['dbsocket' => '{socket}'];
$CFG->wwwroot = '{url}';
$CFG->dataroot = '{data}';
$CFG->admin = 'admin';
$CFG->directorypermissions = 0777;
$CFG->noemailever = true;
$CFG->curlsecurityblockedhosts = '';
$CFG->curlsecurityallowedport = '';
require_once(__DIR__ . '/lib/setup.php');
"""
COURSE = """\
<?php
define('CLI_SCRIPT', true);
require('{code}/config.php');
require_once($CFG->dirroot . '/course/lib.php');
require_once($CFG->dirroot . '/user/lib.php');
require_once($CFG->libdir . '/enrollib.php');
\\core\\session\\manager::set_user(get_admin());
$course = create_course((object) [
    'fullname' => 'Codes', 'shortname' => 'codes', 'category' => 1, 'numsections' => 1,
]);
$people = [
    'ada' => ['Ada', 'Lovelace', 'editingteacher'],
    'emmy' => ['Emmy', 'Noether', 'student'],
];
foreach ($people as $name => [$first, $last, $role]) {{
    $id = user_create_user((object) [
        'username' => $name, 'password' => '{password}', 'firstname' => $first,
        'lastname' => $last, 'email' => "$name@lms.example", 'confirmed' => 1,
        'mnethostid' => $CFG->mnet_localhost_id, 'auth' => 'manual',
    ]);
    $role = $DB->get_record('role', ['shortname' => $role]);
    enrol_try_internal_enrol($course->id, $id, $role->id);
}}
echo $course->id;
"""
GRADE = """\
SELECT g.finalgrade, i.grademax FROM mdl_grade_grades g JOIN mdl_grade_items i ON i.id = g.itemid
JOIN mdl_user u ON u.id = g.userid WHERE u.username = %s AND i.itemname = %s
"""


@dataclass
class Moodle:
    url: str
    course: int
    database: str

    def grade(self, who: str, item: str) -> tuple[float, float] | None:
        """Somebody's points in a column of the gradebook, and the maximum."""
        with psycopg.connect(self.database) as connection:
            found = connection.execute(GRADE, (who, item)).fetchone()
        return found and (float(found[0]), float(found[1]))


@contextmanager
def moodle(source: Path, folder: Path) -> Iterator[Moodle]:
    """A Moodle with the course Codes, in which Ada teaches and Emmy learns.

    Parameters
    ----------
    source : folder with the source of Moodle 5.1 or later, which is not changed
    """
    php = shutil.which("php")
    known = subprocess.check_output([*PHP, "-m"], text=True).casefold().split() if php else ()
    if lacks := EXTENSIONS - set(known):
        names = " ".join(f"php-{name}" for name in sorted(lacks))
        pytest.skip(f"Moodle needs Debian's php-cli {names}")
    code, data = folder / "code", folder / "data"
    shutil.copytree(source, code, copy_function=os.link)
    (code / "config.php").unlink(missing_ok=True)  # a hard link: do not write through it
    data.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://localhost:{port}"
    with postgresql() as server:
        with psycopg.connect(server.format("postgres"), autocommit=True) as connection:
            connection.execute("CREATE DATABASE moodle")
        [host] = parse_qs(urlsplit(server).query)["host"]
        (code / "config.php").write_text(CONFIG.format(socket=host, url=url, data=data))
        install = [
            *PHP,
            "admin/cli/install_database.php",
            "--agree-license",
            f"--adminpass={PASSWORD}",
        ]
        names = [
            "--adminemail=admin@lms.example",
            "--fullname=University",
            "--shortname=University",
        ]
        done = subprocess.run([*install, *names], cwd=code, capture_output=True, text=True)
        assert done.returncode == 0, (done.stdout + done.stderr)[-2_000:]
        (folder / "course.php").write_text(COURSE.format(code=code, password=PASSWORD))
        made = subprocess.run([*PHP, folder / "course.php"], capture_output=True, check=True)
        serve = [*PHP, "-S", f"127.0.0.1:{port}", "-t", "public"]
        workers = {**os.environ, "PHP_CLI_SERVER_WORKERS": "3"}
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                serve, cwd=code, env=workers, stdout=log, stderr=log, start_new_session=True
            )
            try:
                until(lambda: is_open(port))
                yield Moodle(url, int(made.stdout), server.format("moodle"))
            finally:
                os.killpg(process.pid, 15)
                process.wait()


def is_open(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
