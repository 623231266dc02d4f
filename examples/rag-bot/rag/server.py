"""The same system behind HTTP: POST {"question": "…"} to /answer."""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from answer import answer
from retrieve import Index


class Handler(BaseHTTPRequestHandler):
    """Answers questions."""

    index = Index()

    def do_POST(self) -> None:
        """One question."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        found = answer(self.index, asked["question"])
        content = json.dumps({"answer": {"text": found["output"]}, "passages": found["context"], "usd": found["cost_usd"]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Not a word for each question."""


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 8931), Handler)
    print(f"http://127.0.0.1:{server.server_address[1]}/answer", flush=True)
    server.serve_forever()
