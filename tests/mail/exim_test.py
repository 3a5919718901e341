"""Mails of the real server through Exim: TLS from the first byte, STARTTLS, a password, and certificates that nobody vouches for
(EM-9). Exim hands them on to an SMTP server of the test. It wants root. (The OpenSMTPD of Debian 12, 6.8.0p2, was tried first: every
handshake ends with the alert `internal_error`.)"""

import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time
import unittest

from mail_test import Authority, Place
from smtp import Inbox, Server, free_port

EXIM = shutil.which("exim4", path=f"{os.environ['PATH']}:/usr/sbin")
SUDO = [] if os.geteuid() == 0 else ["sudo", "-n"]

CONFIGURATION = """
primary_hostname = mta.test
spool_directory = {folder}
log_file_path = {folder}/%slog
pid_file_path = {folder}/pid
daemon_smtp_ports = {starttls} : {smtps}
local_interfaces = 127.0.0.1
tls_on_connect_ports = {smtps}
tls_advertise_hosts = *
tls_certificate = {certificate}
tls_privatekey = {key}
auth_advertise_hosts = ${{if eq{{$tls_in_cipher}}{{}}{{}}{{*}}}}
acl_smtp_rcpt = rcpt

begin acl
rcpt:
  accept authenticated = *
  deny message = authenticate first

begin routers
on:
  driver = manualroute
  route_list = * 127.0.0.1 byname
  self = send
  transport = on

begin transports
on:
  driver = smtp
  port = {next}
  hosts_avoid_tls = *

begin authenticators
PLAIN:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if and{{{{eq{{$auth2}}{{countersign}}}}{{eq{{$auth3}}{{{password}}}}}}}}}
  server_set_id = $auth2
"""


class Exim:
    def __init__(self, case, authority, next_port, password):
        # Not below the test's own folder: its processes that are not root have to get here.
        self.folder = pathlib.Path(tempfile.mkdtemp())
        case.addCleanup(lambda: subprocess.run([*SUDO, "rm", "-r", self.folder], check=True))
        self.starttls, self.smtps = free_port(), free_port()
        key, certificate = (shutil.copy(path, self.folder) for path in (authority.key, authority.certificate))
        for path in (key, certificate):
            os.chmod(path, 0o644)
        file = self.folder / "exim.conf"
        file.write_text(CONFIGURATION.format(folder=self.folder, key=key, certificate=certificate, starttls=self.starttls,
                                             smtps=self.smtps, next=next_port, password=password))
        subprocess.run([*SUDO, "chown", "root", file], check=True)
        subprocess.run([*SUDO, "chown", "Debian-exim", self.folder], check=True)
        process = subprocess.Popen([*SUDO, EXIM, "-C", file, "-bdf"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        case.addCleanup(process.stdout.close)
        case.addCleanup(process.wait)
        case.addCleanup(process.terminate)
        deadline = time.monotonic() + 30
        while not self.listens():
            assert process.poll() is None, process.stdout.read().decode()
            assert time.monotonic() < deadline, "exim does not listen"
            time.sleep(0.1)

    def listens(self):
        with socket.socket() as connection:
            return connection.connect_ex(("127.0.0.1", self.smtps)) == 0


class Mta(unittest.TestCase):
    def test_mails_go_through_a_real_mail_server(self):
        place = Place(self)
        here, other = (Authority(self.made(place.folder / name)) for name in ("here", "other"))
        secret = place.folder / "password"
        inbox, port = Inbox(), free_port()
        with Server(inbox, port):
            exim = Exim(self, here, port, "correct horse")
            for scheme, listener in (("smtps", exim.smtps), ("smtp+starttls", exim.starttls)):
                secret.write_text("correct horse\n")
                place.settings |= {"mail.url": f"{scheme}://countersign@127.0.0.1:{listener}", "mail.password_file": secret, "mail.ca_file": here.ca}
                with self.subTest(scheme):
                    to = f"{scheme.replace('+', '.')}@example.com"
                    place.run("mail", "test", to)
                    [mail] = inbox.wait_for(to)
                    self.assertEqual((mail.defects, mail["Subject"]), ([], "Test mail from Countersign"))
                    self.assertIn("Exim", mail["Received"])
                    self.assertRegex(mail["Received"], r"with esmtpsa\s+\(TLS1")
                    self.assertIn("Countersign can send mails.", mail.get_body(("html",)).get_content())
                    secret.write_text("wrong")
                    self.assertIn("535", place.run("mail", "test", "eve@example.com", code=1).stderr)
                    secret.write_text("correct horse\n")
                    place.settings["mail.ca_file"] = other.ca
                    self.assertIn("certificate", place.run("mail", "test", "eve@example.com", code=1).stderr.lower())
            # The queue of a server that runs, too.
            place.settings |= {"mail.ca_file": here.ca}
            place.serve()
            identity = place.add("queued@example.com")
            [mail] = inbox.wait_for("queued@example.com")
            self.assertEqual(mail["Message-ID"], f"<{identity}@auth.example>")
        self.assertNotIn("eve@example.com", inbox.mails)

    def made(self, folder):
        folder.mkdir()
        return folder


if __name__ == "__main__":
    unittest.main(verbosity=2, warnings="ignore")
