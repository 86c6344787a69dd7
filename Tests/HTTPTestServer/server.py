"""A server that misbehaves on request. Prints its port; ends when its standard input closes.

usage: server.py [certificate.pem key.pem [ca.pem]]; the last: only its clients are served
"""
import itertools, json, os, socket, ssl, struct, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

connections = itertools.count(1)
lock = threading.Lock()
counts = {}
kept = {}
open_requests = 0


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self):
        super().setup()
        self.connection_number = next(connections)

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def serve(self):
        global open_requests
        length = self.headers.get("Content-Length")
        body = self.rfile.read(int(length)) if length else b""
        url = urlsplit(self.path)
        args = {key: values[0] for key, values in parse_qs(url.query).items()}
        with lock:
            open_requests += 1
        try:
            if url.path.startswith("/restic/"):
                return self.do_restic(url.path)
            getattr(self, "do_" + url.path.strip("/").replace("-", "_"))(args, body)
        except AttributeError:
            self.answer(404, b"no such path")
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        finally:
            with lock:
                open_requests -= 1

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_PURGE = serve

    def do_echo(self, args, body):
        time.sleep(float(args.get("seconds", "0")))
        text = {
            "method": self.command, "path": self.path, "headers": [list(h) for h in self.headers.items()],
            "size": len(body), "body": body[:10000].decode("latin-1"), "connection": self.connection_number,
        }
        self.answer(200, json.dumps(text).encode(), [("Content-Type", "application/json")])

    def do_status(self, args, body):
        headers = [("Retry-After", args["after"])] if "after" in args else []
        self.answer(int(args["code"]), args.get("body", "").encode(), headers)

    def do_flaky(self, args, body):
        """Fails `times` times for each `key`, then succeeds."""
        with lock:
            counts[args["key"]] = seen = counts.get(args["key"], 0) + 1
        self.do_status(args, body) if seen <= int(args["times"]) else self.answer(200, str(seen).encode())

    def do_keep(self, args, body):
        """Keeps what is posted for each `key`; the first `failures` posts are refused. A GET gives what was kept."""
        with lock:
            if self.command == "GET":
                answer = json.dumps(kept.get(args["key"], [])).encode()
                return self.answer(200, answer, [("Content-Type", "application/json")])
            counts[args["key"]] = seen = counts.get(args["key"], 0) + 1
            if seen <= int(args.get("failures", "0")):
                return self.answer(503)
            headers = {name.lower(): value for name, value in self.headers.items()}
            kept.setdefault(args["key"], []).append({"body": json.loads(body), "headers": headers})
        self.answer(200, b"ok")

    def do_restic(self, path):
        """A REST server without locks, whose packs take two seconds."""
        if path.endswith("/locks/"):
            return self.answer(200, b"[]", [("Content-Type", "application/vnd.x.restic.rest.v2")])
        time.sleep(2)
        self.answer(200, b"pack")

    def do_delay(self, args, body):
        time.sleep(float(args["seconds"]))
        self.answer(200, b"late")

    def do_headers(self, args, body):
        self.answer(200, b"", [("Set-Cookie", "a=1"), ("set-cookie", "b=2"), ("X-Blank", "  two words \t")])

    def do_large(self, args, body):
        self.answer(200, b"x" * int(args["bytes"]))

    def do_large_header(self, args, body):
        self.send_response(200)
        for number in range(int(args["count"])):
            self.send_header(f"X-{number}", "v" * 10000)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_short(self, args, body):
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"only this")
        self.close_connection = True

    def do_reset(self, args, body):
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"only this")
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.shutdown(socket.SHUT_RD)
        self.close_connection = True

    def do_nothing(self, args, body):
        self.close_connection = True

    def do_garbage(self, args, body):
        self.wfile.write(b"220 mail.example.org ESMTP\r\n")
        self.close_connection = True

    def do_chunked(self, args, body):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.send_header("Trailer", "X-Sum")
        self.end_headers()
        for part in [b"one ", b"two ", b"three"]:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
            self.wfile.flush()
            time.sleep(0.01)
        self.wfile.write(b"0\r\nX-Sum: 13\r\n\r\n")

    def do_drip(self, args, body):
        """A byte every 20 ms until the client goes away."""
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while True:
            self.wfile.write(b"1\r\nx\r\n")
            self.wfile.flush()
            time.sleep(0.02)

    def do_open(self, args, body):
        """How many requests are under way, this one not counted."""
        self.answer(200, str(open_requests - 1).encode())

    def do_redirect(self, args, body):
        self.answer(int(args.get("code", 302)), b"elsewhere", [("Location", args["to"])])

    def do_loop(self, args, body):
        self.answer(302, b"", [("Location", "/loop")])


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, *_):
        pass


server = Server(("127.0.0.1", 0), Handler)
if len(sys.argv) > 2:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    if len(sys.argv) > 3:
        context.load_verify_locations(sys.argv[3])
        context.verify_mode = ssl.CERT_REQUIRED
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address[1], flush=True)
sys.stdin.read()
os._exit(0)
