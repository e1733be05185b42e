# A real mail server for the tests of mail: takes messages over plain connections, STARTTLS or TLS,
# asks for a login, and tells each message it took as Python's own mail parser reads it, one JSON
# object a line. The address says how it is treated: later@ is put off once, never@ is refused for
# good, slow@ has its message taken late.
#
# Arguments: plain | starttls | tls, the port or 0, the certificate's and the key's file. Ends with its
# input.
import asyncio, email, email.policy, json, ssl, sys

from aiosmtpd.smtp import SMTP, AuthResult

mode, port, cert, key = sys.argv[1:5]


def tell(**said):
    print(json.dumps(said), flush=True)


def words(name, value):
    if name in ("From", "To"):
        return ", ".join(f"<{address.addr_spec}>" for address in value.addresses)
    return str(value)


class Sink:
    put_off = set()

    async def handle_RCPT(self, server, session, envelope, address, options):
        name = address.split("@")[0]
        if name == "never":
            tell(refused=address)
            return "550 5.1.1 nobody of this name"
        if name == "later" and address not in self.put_off:
            self.put_off.add(address)
            tell(put_off=address)
            return "451 4.7.1 come again"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 good"

    async def handle_DATA(self, server, session, envelope):
        if any(address.startswith("slow@") for address in envelope.rcpt_tos):
            await asyncio.sleep(3)
        raw = envelope.content
        message = email.message_from_bytes(raw, policy=email.policy.default)
        lines = raw.split(b"\r\n")
        tell(
            sender=envelope.mail_from,
            to=envelope.rcpt_tos,
            tls=session.ssl is not None or mode == "tls",
            login=session.auth_data if isinstance(session.auth_data, str) else None,
            headers=[[name, words(name, value)] for name, value in message.items()],
            kind=message.get_content_type(),
            text=message.get_content(),
            longest=max(map(len, lines)),
            ascii=raw.isascii(),
            bare=raw.replace(b"\r\n", b"").count(b"\n") + raw.replace(b"\r\n", b"").count(b"\r"),
            defects=[str(it) for it in message.defects],
        )
        return "250 2.0.0 taken"


def authenticator(server, session, envelope, mechanism, data):
    good = (data.login, data.password) == (b"tollgate", b"smtp-password")
    return AuthResult(success=good, auth_data=data.login.decode() if good else None)


def tls():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context


def session(loop, handler):
    starttls = mode == "starttls"
    return SMTP(
        handler,
        loop=loop,
        enable_SMTPUTF8=True,
        authenticator=authenticator,
        auth_required=True,
        auth_require_tls=starttls,
        require_starttls=starttls,
        tls_context=tls() if starttls else None,
    )


async def serve():
    loop, handler = asyncio.get_running_loop(), Sink()
    context = tls() if mode == "tls" else None
    server = await loop.create_server(lambda: session(loop, handler), "127.0.0.1", int(port), ssl=context)
    tell(port=server.sockets[0].getsockname()[1])
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(serve())
