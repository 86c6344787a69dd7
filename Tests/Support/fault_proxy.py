"""An HTTP proxy in front of one server that injects faults and limits speed. Prints its port.

usage: fault_proxy.py TARGET_PORT [certificate.pem key.pem]

Commands come as lines of JSON on standard input; each is answered by a line with what was counted since the last one. The
end of the input ends the proxy.

{"faults": ["pass", "500", …]}  one for each request in turn, over and over
{"methods": ["PUT"]}            which methods they concern; [] all
{"rate": 1000000}               bytes per second for each connection and direction; null no limit
{"latency": 0.05}               seconds before each answer
"""
import json, os, socket, ssl, struct, sys, threading, time

target = int(sys.argv[1])
settings = {"faults": [], "methods": [], "rate": None, "latency": 0, "stall": 3600}
lock = threading.Lock()
turn = 0


def fresh():
    return {"requests": 0, "faults": 0, "connections": 0, "up": 0, "down": 0, "open": 0, "mostOpen": 0}


counts = fresh()


class Gone(Exception):
    """A side closed its connection."""


def count(name, number=1):
    with lock:
        counts[name] += number


def next_fault(method):
    global turn
    with lock:
        if not settings["faults"] or settings["methods"] and method not in settings["methods"]:
            return "pass"
        fault = settings["faults"][turn % len(settings["faults"])]
        turn += 1
        counts["faults"] += fault != "pass"
        return fault


class Pace:
    """Keeps one direction of a connection below the rate."""

    def __init__(self):
        self.due = time.monotonic()

    def spend(self, size):
        if not settings["rate"]:
            return
        self.due = max(self.due, time.monotonic() - 0.1) + size / settings["rate"]
        time.sleep(max(0, self.due - time.monotonic()))


class Reader:
    def __init__(self, connection):
        self.connection, self.buffer = connection, b""

    def more(self):
        try:
            data = self.connection.recv(65536)
        except OSError:
            data = b""
        if not data:
            raise Gone
        self.buffer += data

    def head(self):
        while b"\r\n\r\n" not in self.buffer:
            if len(self.buffer) > 1 << 20:
                raise Gone
            self.more()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        lines = head.split(b"\r\n")
        fields = [line.split(b":", 1) for line in lines[1:]]
        return lines[0], {name.strip().lower(): value.strip() for name, value in fields}, head + b"\r\n\r\n"

    def pieces(self, length):
        while length > 0:
            if not self.buffer:
                self.more()
            piece, self.buffer = self.buffer[:min(length, 16384)], self.buffer[min(length, 16384):]
            length -= len(piece)
            yield piece

    def exactly(self, length):
        return b"".join(self.pieces(length))

    def chunked(self):
        body = b""
        while True:
            while b"\r\n" not in self.buffer:
                self.more()
            line, self.buffer = self.buffer.split(b"\r\n", 1)
            size = int(line.split(b";")[0], 16)
            body += self.exactly(size)
            self.exactly(2)
            if size == 0:
                return body

    def rest(self):
        try:
            while True:
                self.more()
        except Gone:
            body, self.buffer = self.buffer, b""
            return body


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
    raise Gone


SLOW = b"<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
STATUSES = {
    "500": (b"500 Internal Server Error", b"", b"<Error><Code>InternalError</Code></Error>"),
    "503": (b"503 Service Unavailable", b"", b"busy"),
    "slow-down": (b"503 Slow Down", b"Retry-After: 1\r\n", SLOW),
    "429": (b"429 Too Many Requests", b"Retry-After: 1\r\n", b""),
    "skew": (b"403 Forbidden", b"", b"<Error><Code>RequestTimeTooSkewed</Code></Error>"),
    "expired": (b"400 Bad Request", b"", b"<Error><Code>ExpiredToken</Code></Error>"),
    "region": (b"400 Bad Request", b"", b"<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-north-1</Region></Error>"),
    "403": (b"403 Forbidden", b"", b"<html><body>Forbidden<br></body></html>"),
    "404": (b"404 Not Found", b"", b""),
    "html": (b"200 OK", b"", b"<html><body>Please log in<br></body></html>"),
}


def serve(client):
    reader, up, down = Reader(client), Pace(), Pace()
    while True:
        line, fields, head = reader.head()
        method = line.split(b" ")[0].decode()
        count("requests")
        fault = next_fault(method)
        if fault == "reset-before":
            reset(client)
        if fault == "stall-before":
            time.sleep(settings["stall"])
            reset(client)
        length = int(fields.get(b"content-length", b"0"))
        if b"expect" in fields:
            client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        if fault == "reset-upload":
            for piece in reader.pieces(length // 2):
                pass
            reset(client)
        server = socket.create_connection(("127.0.0.1", target)) if fault not in STATUSES else None
        takes = server is not None
        if takes:
            server.sendall(head)
        for piece in reader.pieces(length):
            up.spend(len(piece))
            count("up", len(piece))
            try:
                if takes:
                    server.sendall(piece)
            except OSError:  # it answered before it had all, and reads no more
                takes = False
        time.sleep(settings["latency"])
        if fault in STATUSES:
            status, extra, body = STATUSES[fault]
            client.sendall(b"HTTP/1.1 %s\r\n%sContent-Length: %d\r\n\r\n" % (status, extra, len(body)))
            if method != "HEAD":
                client.sendall(body)
            continue
        answer(client, server, method, fault, down)
        server.close()


def answer(client, server, method, fault, down):
    reader = Reader(server)
    while True:
        line, fields, head = reader.head()
        if not line.split(b" ")[1].startswith(b"1"):
            break
    if fault == "reset-after":
        reset(client)
    status = line.split(b" ")[1]
    # Whether the server closes its connection is not the client's business.
    head = b"\r\n".join(l for l in head.split(b"\r\n") if l and not l.lower().startswith(b"connection:")) + b"\r\n\r\n"
    if method == "HEAD" or status in (b"204", b"304"):
        client.sendall(head)
        return
    if b"content-length" in fields:
        length, pieces = int(fields[b"content-length"]), None
        pieces = reader.pieces(length)
    else:
        body = reader.chunked() if b"chunked" in fields.get(b"transfer-encoding", b"") else reader.rest()
        length, pieces = len(body), (body[i:i + 16384] for i in range(0, len(body), 16384))
        kept = [l for l in head.split(b"\r\n") if l and not l.lower().startswith(b"transfer-encoding:")]
        head = b"\r\n".join(kept + [b"Content-Length: %d" % length]) + b"\r\n\r\n"
    client.sendall(head)
    sent = 0
    for piece in pieces:
        half = sent + len(piece) > length // 2
        if half and fault in ("truncate", "stall", "reset-in-body"):
            client.sendall(piece[: length // 2 - sent])
            if fault == "stall":
                time.sleep(settings["stall"])
            if fault == "reset-in-body":
                reset(client)
            client.shutdown(socket.SHUT_RDWR)
            raise Gone
        if half and fault == "corrupt":
            piece, fault = bytes([piece[0] ^ 1]) + piece[1:], "pass"
        down.spend(len(piece))
        count("down", len(piece))
        client.sendall(piece)
        sent += len(piece)


def handle(client):
    with lock:
        counts["connections"] += 1
        counts["open"] += 1
        counts["mostOpen"] = max(counts["mostOpen"], counts["open"])
    try:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context:
            client = context.wrap_socket(client, server_side=True)
        serve(client)
    except (Gone, OSError, ValueError, IndexError):
        pass
    finally:
        client.close()
        count("open", -1)


context = None
if len(sys.argv) > 2:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2], sys.argv[3])
listener = socket.create_server(("127.0.0.1", 0), backlog=256)
print(listener.getsockname()[1], flush=True)


def listen():
    while True:
        client, _ = listener.accept()
        threading.Thread(target=handle, args=(client,), daemon=True).start()


threading.Thread(target=listen, daemon=True).start()
for line in sys.stdin:
    with lock:
        settings.update(json.loads(line))
        turn = 0
        print(json.dumps(counts), flush=True)
        counts = {**fresh(), "open": counts["open"], "mostOpen": counts["open"]}
os._exit(0)
