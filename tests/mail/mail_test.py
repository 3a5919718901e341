"""Mails of the real server: each arrives once whatever goes wrong, encrypted, and is what a parser of mails expects."""

import json
import os
import pathlib
import re
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request

from smtp import Inbox, Server, free_port

BINARY = pathlib.Path(__file__).parents[2] / os.environ.get("CARGO_TARGET_DIR", "target") / "debug" / "countersign"
PASSWORD = "a long enough passphrase"


class Place:
    """A folder with a database, in which commands run."""

    def __init__(self, case, **settings):
        folder = tempfile.TemporaryDirectory()
        case.addCleanup(folder.cleanup)
        self.case, self.folder = case, pathlib.Path(folder.name)
        self.settings = {"mail.from": "Ünï Example <no-reply@auth.example>"} | {key.replace("_", ".", 1): value for key, value in settings.items()}
        self.run("init")
        self.run("user", "add", "ann", "--role", "user", input=f"{PASSWORD}\n")

    def arguments(self, *command):
        flags = [part for key, value in self.settings.items() for part in ("--set", f"{key}={value}")]
        return [BINARY, *command, *(flags if command[0] in ("mail", "serve", "config") else [])]

    def run(self, *command, code=0, input=""):
        ran = subprocess.run(self.arguments(*command), cwd=self.folder, env={}, input=input, text=True, capture_output=True, timeout=60)
        assert ran.returncode == code, f"{command}: {ran}"
        return ran

    def queue(self, *arguments):
        return json.loads(self.run("mail", "queue", "--json", *arguments).stdout)

    def states(self):
        return {row["recipient"]: row["state"] for row in self.queue()}

    def add(self, address):
        return json.loads(self.run("mail", "test", address, "--queue", "--json").stdout)["queued"]

    def serve(self):
        server = subprocess.Popen(self.arguments("serve", "--listen", "127.0.0.1:0"), cwd=self.folder, env={}, stderr=subprocess.PIPE, text=True)
        self.case.addCleanup(server.stderr.close)
        self.case.addCleanup(server.wait)
        self.case.addCleanup(server.kill)
        said = []
        for line in server.stderr:
            said.append(line)
            if found := re.search(r"listening on (http://\S+)", line):
                # Somebody has to read on, or the server stops at a full pipe.
                threading.Thread(target=lambda: said.extend(server.stderr), daemon=True).start()
                self.origin = re.sub(r"\x1b\[[0-9;]*m", "", found[1])
                return server
        raise AssertionError(f"the server did not start: {''.join(said)}")

    def sign_in(self):
        body = json.dumps({"username": "ann", "password": PASSWORD}).encode()
        request = urllib.request.Request(f"{self.origin}/api/login", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status

    def wait_until(self, holds):
        deadline = time.monotonic() + 90
        while not holds(states := self.states()):
            assert time.monotonic() < deadline, self.queue()
        return states


class Authority:
    """A certificate authority, and a certificate of it for 127.0.0.1."""

    def __init__(self, folder):
        self.ca, self.key, self.certificate = (folder / name for name in ("ca.pem", "key.pem", "cert.pem"))
        subject = ["-subj", "/CN=A test"]
        new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        openssl = lambda *arguments: subprocess.run(["openssl", *arguments], check=True, capture_output=True)
        openssl("req", "-x509", *new_key, *subject, "-keyout", folder / "ca-key.pem", "-out", self.ca, "-days", "2",
                "-addext", "keyUsage=critical,keyCertSign")
        openssl("req", "-x509", *new_key, *subject, "-keyout", self.key, "-out", self.certificate, "-days", "2",
                "-CA", self.ca, "-CAkey", folder / "ca-key.pem",
                "-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE")

    @property
    def chain(self):
        return self.certificate, self.key


class Mails(unittest.TestCase):
    def test_each_mail_arrives_once_whatever_goes_wrong(self):
        inbox, port = Inbox(), free_port()
        place = Place(self, mail_url=f"smtp://127.0.0.1:{port}")
        place.serve()
        arrive = ["one@example.com", "later-2@example.com", "hangup-1@example.com", "full-1@example.com"]
        lost = ["never@example.com", "spam@example.com"]
        with Server(inbox, port):
            ids = {address: place.add(address) for address in arrive + lost}
            mails = inbox.wait_for(*arrive)
            states = place.wait_until(lambda states: "waiting" not in states.values())
            self.assertEqual(states, {address: "sent" if address in arrive else "dead" for address in arrive + lost})
            rows = {row["recipient"]: row for row in place.queue()}
            self.assertEqual([rows[address]["attempts"] for address in arrive + lost], [1, 3, 2, 2, 1, 1])
            self.assertIn("550 5.1.1 <the recipient> is unknown here".split(" ", 1)[1], rows["never@example.com"]["lastError"])
            # An operator mends the cause, and has it tried again; what was sent is not.
            inbox.plan = lambda address: ("", 0)
            place.run("mail", "retry", ids["never@example.com"])
            inbox.wait_for("never@example.com")
            refused = place.run("mail", "retry", ids["one@example.com"], code=1)
            self.assertIn("no such delivery", refused.stderr)
            place.run("mail", "drop", ids["spam@example.com"])
            place.wait_until(lambda states: set(states.values()) == {"sent"} and "spam@example.com" not in states)
        for address, found in inbox.mails.items():
            self.assertEqual(len(found), 1, address)
        for address, mail in zip(arrive, mails):
            self.assertEqual(mail["Message-ID"], f"<{ids[address]}@auth.example>")
            self.assertEqual(mail["To"], address)

    def test_a_mail_is_what_a_parser_expects(self):
        inbox, port = Inbox(), free_port()
        place = Place(self, mail_url=f"smtp://127.0.0.1:{port}", mail_reply_to="help@auth.example")
        with Server(inbox, port):
            place.run("mail", "test", "bob@example.com")
            for hostile in ["bob@example.com\r\nBcc: eve@example.com", "bob@example.com, eve@example.com", "bob", "a@b@example.com", ""]:
                self.assertIn("cannot be used", place.run("mail", "test", hostile, code=1).stderr, hostile)
        self.assertEqual(list(inbox.mails), ["bob@example.com"])
        [mail] = inbox.mails["bob@example.com"]
        self.assertEqual(mail.defects, [])
        [sender] = mail["From"].addresses
        self.assertEqual((sender.display_name, sender.addr_spec), ("Ünï Example", "no-reply@auth.example"))
        self.assertEqual((mail["To"], mail["Reply-To"]), ("bob@example.com", "help@auth.example"))
        self.assertEqual((mail["Auto-Submitted"], mail["Subject"]), ("auto-generated", "Test mail from Countersign"))
        self.assertIsNotNone(mail["Date"].datetime)
        for part in ("plain", "html"):
            self.assertIn("Countersign can send mails.", mail.get_body((part,)).get_content())

    def test_mails_wait_for_a_server_that_is_down_and_people_sign_in(self):
        inbox, port = Inbox(), free_port()
        place = Place(self, mail_url=f"smtp://127.0.0.1:{port}")
        place.serve()
        addresses = [f"waits{n}@example.com" for n in range(20)]
        for address in addresses:
            place.add(address)
        place.wait_until(lambda states: any(row["lastError"] for row in place.queue()))
        self.assertEqual(place.sign_in(), 200)
        self.assertEqual(set(place.states().values()), {"waiting"})
        with Server(inbox, port):
            inbox.wait_for(*addresses)
            place.wait_until(lambda states: set(states.values()) == {"sent"})
        self.assertEqual({address: len(found) for address, found in inbox.mails.items()}, dict.fromkeys(addresses, 1))
        # What nobody could be asked about counts as no attempt.
        self.assertEqual({row["attempts"] for row in place.queue()}, {1})

    def test_mails_are_sent_in_the_order_in_which_they_were_written(self):
        inbox, port = Inbox(), free_port()
        place = Place(self, mail_url=f"smtp://127.0.0.1:{port}")
        ids = [place.add("later-1@example.com") for _ in range(4)]
        place.serve()
        with Server(inbox, port):
            place.wait_until(lambda states: {row["state"] for row in place.queue()} == {"sent"})
        self.assertEqual([mail["Message-ID"][1:37] for mail in inbox.mails["later-1@example.com"]], ids)

    def test_after_a_crash_nothing_is_lost(self):
        inbox, port = Inbox(), free_port()
        place = Place(self, mail_url=f"smtp://127.0.0.1:{port}")
        server = place.serve()
        addresses = [f"crash{n}@example.com" for n in range(5)]
        for address in addresses:
            place.add(address)
        server.kill()
        server.wait()
        with Server(inbox, port):
            place.serve()
            inbox.wait_for(*addresses, timeout=200)

    def test_passwords_and_links_travel_encrypted_or_not_at_all(self):
        place = Place(self)
        secret = place.folder / "password"
        secret.write_text("correct horse\n")
        here, other = (Authority(self.made(place.folder / name)) for name in ("here", "other"))
        for tls, scheme in (("always", "smtps"), ("upgrade", "smtp+starttls")):
            inbox, port = Inbox(), free_port()
            place.settings |= {"mail.url": f"{scheme}://countersign@127.0.0.1:{port}", "mail.password_file": secret, "mail.ca_file": here.ca}
            with self.subTest(tls), Server(inbox, port, here.chain, tls, "correct horse"):
                place.run("mail", "test", "bob@example.com")
                self.assertEqual(len(inbox.mails["bob@example.com"]), 1)
                secret.write_text("wrong")
                self.assertIn("535", place.run("mail", "test", "eve@example.com", code=1).stderr)
                secret.write_text("correct horse\n")
                # A certificate that nobody vouches for.
                place.settings["mail.ca_file"] = other.ca
                self.assertIn("certificate", place.run("mail", "test", "eve@example.com", code=1).stderr.lower())
                self.assertEqual(list(inbox.mails), ["bob@example.com"])
        # Somebody on the way cuts STARTTLS out.
        inbox, port = Inbox(), free_port()
        place.settings |= {"mail.url": f"smtp+starttls://countersign@127.0.0.1:{port}", "mail.ca_file": here.ca}
        with Server(inbox, port):
            self.assertIn("STARTTLS", place.run("mail", "test", "bob@example.com", code=1).stderr)
        self.assertEqual(inbox.mails, {})

    def made(self, folder):
        folder.mkdir()
        return folder

    def test_what_is_configured_wrongly_is_refused_before_anybody_connects(self):
        place = Place(self)
        for url, why in [
            ("smtp://mail.example.com", "without encryption"),
            ("smtps://u:secret@mail.example.com", "password"),
            ("https://mail.example.com", "smtps://"),
            ("smtps://u@mail.example.com", "mail.password_file"),
        ]:
            place.settings["mail.url"] = url
            refused = place.run("mail", "test", "bob@example.com", code=2)
            self.assertIn(why, refused.stderr)
            self.assertNotIn("secret", refused.stderr)
        place.settings.pop("mail.url")
        self.assertIn("no mail server is configured", place.run("mail", "test", "bob@example.com", code=1).stderr)

    def test_a_directory_takes_mails(self):
        place = Place(self, mail_url="file:mails")
        identity = json.loads(place.run("mail", "test", "bob@example.com", "--json").stdout)["sent"]
        [path] = (place.folder / "mails").iterdir()
        self.assertEqual(path.name, f"{identity}.eml")


if __name__ == "__main__":
    unittest.main(verbosity=2, warnings="ignore")
