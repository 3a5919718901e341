"""An SMTP server that fails as a recipient's address tells it to, and keeps what it has taken."""

import email
import email.policy
import logging
import socket
import ssl
import threading

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword


# It says what the tests are about: handshakes that fail.
logging.getLogger("mail.log").disabled = True


class Inbox:
    """What arrived, by recipient. An address like `later-2@example.com` is refused twice for now, `never@…` for good; the
    connection to `hangup-1@…` breaks once when everything was said."""

    def __init__(self):
        self.mails = {}
        self.attempts = {}
        self.changed = threading.Condition()

    async def handle_RCPT(self, server, session, envelope, address, options):
        kind, count = self.plan(address)
        if kind == "never":
            return f"550 5.1.1 <{address}> is unknown here"
        if kind == "later" and self.attempt(address) <= count:
            return f"451 4.7.1 <{address}> greylisted"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        [address] = envelope.rcpt_tos
        kind, count = self.plan(address)
        if kind == "hangup" and self.attempt(address) <= count:
            server.transport.abort()
            return "451 nobody hears this"
        if kind == "full" and self.attempt(address) <= count:
            return "452 4.2.2 mailbox full"
        if kind == "spam":
            return "554 5.7.1 rejected"
        mail = email.message_from_bytes(envelope.original_content, policy=email.policy.default)
        with self.changed:
            self.mails.setdefault(address, []).append(mail)
            self.changed.notify_all()
        return "250 OK"

    def plan(self, address):
        kind, _, count = address.split("@")[0].partition("-")
        return kind, int(count or 0)

    def attempt(self, address):
        self.attempts[address] = self.attempts.get(address, 0) + 1
        return self.attempts[address]

    def wait_for(self, *addresses, timeout=60):
        """The mails to these, each of which must have come."""
        with self.changed:
            came = self.changed.wait_for(lambda: all(address in self.mails for address in addresses), timeout)
        assert came, f"of {addresses} came {sorted(self.mails)}; attempts {self.attempts}"
        return [self.mails[address][0] for address in addresses]


class Server(Controller):
    """A server with a fixed port, which can be stopped and started again."""

    def __init__(self, inbox, port, certificate=None, tls="never", password=None):
        context = None
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
        settings = {"hostname": "127.0.0.1", "port": port}
        if tls == "always":
            settings["ssl_context"] = context
        if tls == "upgrade":
            settings |= {"tls_context": context, "require_starttls": True}
        if password:
            accepts = LoginPassword(b"countersign", password.encode())

            def authenticate(server, session, envelope, mechanism, given):
                is_right = (given.login, given.password) == (accepts.login, accepts.password)
                return AuthResult(success=is_right, handled=False)

            settings |= {"authenticator": authenticate, "auth_required": True, "auth_require_tls": tls == "upgrade"}
        super().__init__(inbox, **settings)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
