#!/usr/bin/env python3
"""The server against peers that are hostile, slow, or gone; and its end."""
import json
import os
import random
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request

from prometheus_client.parser import text_string_to_metric_families

from server import ROOT, Server, main, temporary

CHAT = {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 4, "temperature": 0}
FULL = "MILLRACE_FULL" in os.environ
LONG = dict(CHAT, max_tokens=1900, ignore_eos=True, stream=True)


def setUpModule():
    global server, KEYS
    KEYS = temporary("# keys\nfirst\nsecond\n")
    server = Server("--parallel", 4, "--api-key-file", KEYS, "--max-body-bytes", 100000,
                    "--header-timeout", 2, "--body-timeout", 2, "--max-waiting", 8,
                    "--max-connections-per-address", 64)


def tearDownModule():
    code = server.stop()
    os.unlink(KEYS)
    assert code == 0, code


def head(method, path, *headers, key="first"):
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost"]
    if key:
        lines.append(f"Authorization: Bearer {key}")
    return ("\r\n".join([*lines, *headers]) + "\r\n\r\n").encode()


def post(body, path="/v1/chat/completions", key="first"):
    data = json.dumps(body).encode() if not isinstance(body, bytes) else body
    return head("POST", path, f"Content-Length: {len(data)}", "Content-Type: application/json",
                key=key) + data


def connect(to=None):
    return socket.create_connection(("127.0.0.1", (to or server).port), timeout=20)


def read_all(peer):
    data = b""
    while True:
        try:
            block = peer.recv(65536)
        except ConnectionResetError:
            return data
        if not block:
            return data
        data += block


def exchange(data, to=None):
    """What comes back until the server closes: the caller asks it to, or breaks the rules."""
    with connect(to) as peer:
        peer.sendall(data)
        return read_all(peer)


def status(answer):
    return int(answer.split()[1]) if answer else 0


def get(path, key="first", to=None):
    request = urllib.request.Request((to or server).url + path)
    if key:
        request.add_header("Authorization", f"Bearer {key}")
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def metric(name, to=None, **labels):
    families = text_string_to_metric_families(get("/metrics", to=to)[1])
    return sum(sample.value for family in families for sample in family.samples
               if sample.name == name and labels.items() <= sample.labels.items())


def resident(own):
    with open(f"/proc/{own.child.pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def read_until(peer, end):
    data = b""
    while end not in data:
        block = peer.recv(65536)
        assert block, data[-200:]
        data = data[-len(end):] + block


def wait_until(condition, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.01)
    return False


class Keys(unittest.TestCase):
    OPEN = ("/health", "/livez", "/readyz")
    ODD = ("/nothing", "//v1/models", "/V1/models", "/v1%2fmodels", "/health/",
           "/health/../metrics", "/./health", "/health%00", "/health;x", "/healthz", "/v1/models/")

    def test_every_path_needs_a_key(self):
        table = (ROOT / "src/api/routes.cpp").read_text()
        paths = {path.replace("*", "x") for path in re.findall(r'\.path = "([^"]+)"', table)}
        self.assertGreater(len(paths), 20)
        self.assertLessEqual({*self.OPEN, "/v1/embeddings", "/metrics"}, paths)
        data = b""
        asked = []
        for path in sorted(paths - {*self.OPEN}) + list(self.ODD):
            for method in ("GET", "POST", "HEAD", "OPTIONS", "DELETE", "BREW"):
                for key in (None, "wrong", "firs", "firstt"):
                    asked.append((method, path, key))
                    data += head(method, path, key=key)
        with connect() as peer:
            sender = threading.Thread(target=peer.sendall, args=(
                data + head("GET", "/health", "Connection: close"),))
            sender.start()
            answers = read_all(peer).split(b"HTTP/1.1 ")[1:]
            sender.join()
        self.assertEqual(len(asked) + 1, len(answers))
        for request, answer in zip(asked, answers):
            self.assertEqual(b"401", answer[:3], request)
        self.assertEqual(b"200", answers[-1][:3])

    def test_odd_forms_of_open_paths(self):
        for path in self.ODD:
            self.assertIn(status(exchange(head("GET", path, "Connection: close"))), (400, 404))

    def test_schemes(self):
        for header in ("Authorization: Basic first", "Authorization: first", "x-api-key: wrong",
                       "Cookie: first"):
            answer = exchange(head("GET", "/v1/models", header, "Connection: close", key=None))
            self.assertEqual(401, status(answer), header)
        for header in ("Authorization: bearer first", "x-api-key: second", "api-key: first"):
            answer = exchange(head("GET", "/v1/models", header, "Connection: close", key=None))
            self.assertEqual(200, status(answer), header)

    def test_open_paths(self):
        for path in ("/health", "/livez", "/readyz"):
            self.assertEqual(200, get(path, key=None)[0])

    def test_keys_are_read_again(self):
        with open(KEYS, "w") as file:
            file.write("second\nthird\n")
        server.child.send_signal(signal.SIGHUP)
        self.assertTrue(wait_until(lambda: get("/v1/models", key="third")[0] == 200))
        self.assertEqual(401, get("/v1/models", key="first")[0])
        with open(KEYS, "w") as file:
            file.write("first\nsecond\n")
        server.child.send_signal(signal.SIGHUP)
        self.assertTrue(wait_until(lambda: get("/v1/models")[0] == 200))


class Browsers(unittest.TestCase):
    def test_a_host_that_is_not_this_one(self):
        answer = exchange(b"GET /health HTTP/1.1\r\nHost: evil.com\r\nConnection: close\r\n\r\n")
        self.assertEqual(403, status(answer))

    def test_origins(self):
        preflight = ("Access-Control-Request-Method: POST", "Connection: close")
        answer = exchange(head("OPTIONS", "/v1/models", "Origin: http://localhost:3000", *preflight,
                               key=None))
        self.assertEqual(204, status(answer))
        self.assertIn(b"Access-Control-Allow-Origin: http://localhost:3000", answer)
        self.assertNotIn(b"Allow-Credentials", answer)
        answer = exchange(head("GET", "/v1/models", "Origin: https://evil.com",
                               "Connection: close"))
        self.assertEqual(403, status(answer))  # what a page may not read it need not start
        answer = exchange(head("OPTIONS", "/v1/models", "Origin: https://evil.com", *preflight,
                               key=None))
        self.assertEqual(403, status(answer))
        self.assertNotIn(b"Allow-Origin", answer)


class Bytes(unittest.TestCase):
    def refuse(self, data, *codes):
        answer = exchange(data)
        self.assertIn(status(answer), codes, data[:80])

    def test_framing(self):
        body = b"{}"
        for extra in ("Transfer-Encoding: chunked\r\nContent-Length: 2",
                      "Content-Length: 2\r\nContent-Length: 3", "Content-Length: -1",
                      "Content-Length: 99999999999999999999", "Transfer-Encoding: gzip",
                      "Transfer-Encoding: chunked, gzip", "Host: other"):
            self.refuse(head("POST", "/tokenize", extra) + body, 400, 413, 501)

    def test_not_http(self):
        for data in (b"\x16\x03\x01\x02\x00\x01\x00", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
                     b"GET / HTTP/1.1\nHost: x\n\n", b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
                     b"\0" * 100, b"GET / HTTP/1.1\r\n\r\n",
                     b"GET http://x/ HTTP/1.1\r\nHost: localhost\r\n\r\n"):
            answer = exchange(data)
            self.assertIn(status(answer), (0, 400, 401, 505), data)

    def test_limits(self):
        self.refuse(head("GET", "/health", "X: " + "a" * 9000), 431)
        self.refuse(head("GET", "/health", *["X: a"] * 120), 431)
        self.refuse(head("GET", "/health", *["X: " + "a" * 7000] * 6), 431)
        self.refuse(head("GET", "/health?" + "a" * 9000), 414, 431)
        self.refuse(post(b"x" * 100001), 413)
        self.assertEqual(400, status(exchange(post(b"[" * 90000).replace(
            b"Host:", b"Connection: close\r\nHost:"))))

    def test_types_of_bodies(self):
        for header in ("Content-Type: text/html", "Content-Encoding: gzip"):
            self.refuse(head("POST", "/tokenize", header, "Content-Length: 2", "Connection: close")
                        + b"{}", 415)

    def test_a_request_in_pieces(self):
        random.seed(1)
        whole = post(dict(CHAT, temperature=0)).replace(b"Host:", b"Connection: close\r\nHost:")
        wanted = None
        for _ in range(20):
            cuts = sorted(random.sample(range(1, len(whole)), 6))
            with connect() as peer:
                for a, b in zip([0, *cuts], [*cuts, len(whole)]):
                    peer.sendall(whole[a:b])
                    time.sleep(0.001)
                answer = read_all(peer)
            text = json.loads(answer.split(b"\r\n\r\n", 1)[1])["choices"][0]["message"]["content"]
            wanted = wanted or text
            self.assertEqual(wanted, text)

    def test_pipelining(self):
        data = post(CHAT) + head("GET", "/health") + post(CHAT, "/v1/nothing") \
            + head("GET", "/health", "Connection: close")
        answers = exchange(data).split(b"HTTP/1.1 ")[1:]
        self.assertEqual([b"200", b"200", b"404", b"200"], [answer[:3] for answer in answers])

    def test_chunks(self):
        body = json.dumps(CHAT).encode()
        chunks = b"".join(b"%x\r\n%c\r\n" % (1, byte) for byte in body) + b"0\r\n\r\n"
        self.assertEqual(200, status(exchange(
            head("POST", "/v1/chat/completions", "Transfer-Encoding: chunked",
                 "Connection: close") + chunks)))

    def test_http_1_0(self):
        body = json.dumps(dict(CHAT, stream=True)).encode()
        answer = exchange(b"POST /v1/chat/completions HTTP/1.0\r\nx-api-key: first\r\n"
                          b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.assertTrue(answer.endswith(b"data: [DONE]\n\n"), answer)

    def test_expect_continue(self):
        data = post(CHAT).split(b"\r\n\r\n", 1)
        with connect() as peer:
            peer.sendall(data[0] + b"\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n")
            self.assertTrue(peer.recv(100).startswith(b"HTTP/1.1 100"))
            peer.sendall(data[1])
            self.assertEqual(200, status(read_all(peer)))

    def test_slow_headers_and_bodies(self):
        start = time.monotonic()
        with connect() as slow_head, connect() as slow_body:
            slow_head.sendall(b"GET /health HTTP/1.1\r\n")
            slow_body.sendall(post(CHAT)[:-5])
            self.assertEqual(200, get("/health")[0])
            self.assertEqual(0, status(read_all(slow_head)))
            self.assertEqual(0, status(read_all(slow_body)))
        self.assertLess(time.monotonic() - start, 15)

    def test_connections_of_one_address(self):
        peers = [connect() for _ in range(80)]
        try:
            self.assertLess(sum(self.alive(peer) for peer in peers), 65)
        finally:
            for peer in peers:
                peer.close()
        self.assertTrue(wait_until(lambda: self.reachable()))

    def alive(self, peer):
        try:
            peer.sendall(head("GET", "/livez"))
            return bool(peer.recv(10))
        except OSError:
            return False

    def reachable(self):
        try:
            return get("/livez")[0] == 200
        except OSError:
            return False

    def test_random_bytes(self):
        random.seed(7)
        seed = post(CHAT)
        for _ in range(60):
            data = bytearray(seed)
            for _ in range(random.randint(1, 8)):
                data[random.randrange(len(data))] = random.randrange(256)
            with connect() as peer:
                peer.sendall(bytes(data))
                peer.shutdown(socket.SHUT_WR)
                self.assertIn(status(read_all(peer)), (0, 200, *range(400, 506)))
        self.assertEqual(200, get("/health")[0])


class Load(unittest.TestCase):
    def test_disconnects_free_the_pages(self):
        """However its client leaves, what a stream had is free at once, and none of it is lost."""
        self.assertTrue(wait_until(lambda: metric("vllm:num_requests_running") == 0))
        taken = lambda: metric("millrace_pages", owner="requests")
        self.assertEqual(0, taken())
        aborted = metric("vllm:request_success_total", finished_reason="abort")
        draw = random.Random(1)
        slow = []
        n_all = 2000 if FULL else 40
        for i in range(n_all):
            peer = connect()
            if i % 2:
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            peer.sendall(post(LONG))
            for _ in range(draw.randrange(1, 5)):
                peer.recv(200)
            peer.close()
            start = time.monotonic()
            self.assertTrue(wait_until(lambda: taken() == 0))
            slow.append(time.monotonic() - start)
        print(f"pages were free {1e3 * sorted(slow)[len(slow) * 99 // 100]:.0f} ms (p99) after "
              f"{n_all} clients had left")
        self.assertEqual(aborted + n_all,
                         metric("vllm:request_success_total", finished_reason="abort"))

    def test_clients_that_do_not_read(self):
        """They are cut off; what waits for them is bounded; others do not notice."""
        own = Server("--parallel", 4, "--stall-timeout", 1, "--max-unread-bytes", 20000)
        self.addCleanup(own.stop)
        memory = resident(own)
        peers = []
        for _ in range(4):
            peer = socket.socket()
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            peer.connect(("127.0.0.1", own.port))
            peer.sendall(post(dict(LONG, logprobs=True, top_logprobs=20)))
            peers.append(peer)
        with connect(own) as normal:
            normal.sendall(post(CHAT).replace(b"Host:", b"Connection: close\r\nHost:"))
            self.assertEqual(200, status(read_all(normal)))
        self.assertTrue(wait_until(lambda: metric("vllm:num_requests_running", own) == 0))
        self.assertLess(resident(own) - memory, 40 << 20)
        for peer in peers:
            peer.close()

    def test_slow_clients_do_not_stop_others(self):
        own = Server("--header-timeout", 60, "--body-timeout", 60, "--max-connections-per-address",
                     2000)
        self.addCleanup(own.stop)
        n = 1000 if FULL else 150
        peers = [connect(own) for _ in range(n)]
        for i, peer in enumerate(peers):
            peer.sendall((b"GET /health HT", post(CHAT)[:-3], post(LONG)[:40])[i % 3])
        for round_ in range(3):
            for peer in peers:
                peer.sendall(b"x" if round_ else b"")
            answer = exchange(post(CHAT).replace(b"Host:", b"Connection: close\r\nHost:"), own)
            self.assertEqual(200, status(answer))
        for peer in peers:
            peer.close()

    def test_quotas_of_keys(self):
        own = Server("--parallel", 4, "--api-key", "first", "--api-key", "second",
                     "--max-running-per-key", 2, "--max-tokens-per-minute", 700)
        self.addCleanup(own.stop)
        peers = [connect(own) for _ in range(2)]
        for peer in peers:
            peer.sendall(post(dict(LONG, max_tokens=500)))
            peer.recv(100)
        short = lambda key: exchange(post(CHAT, key=key).replace(
            b"Host:", b"Connection: close\r\nHost:"), own)
        answer = short("first")
        self.assertEqual(429, status(answer))
        self.assertIn(b"rate_limit_exceeded", answer)
        self.assertIn(b"\r\nRetry-After: ", answer)
        self.assertEqual(200, status(short("second")))
        for peer in peers:
            read_until(peer, b"[DONE]")
            peer.close()
        answer = short("first")  # it has used its tokens of the minute up
        self.assertEqual(429, status(answer))
        self.assertIn(b"tokens in this minute", answer)
        self.assertEqual(200, status(short("second")))

    def test_a_full_queue_refuses_at_once(self):
        peers = []
        try:
            for _ in range(12):  # 4 run, 8 wait
                peers.append(connect())
                peers[-1].sendall(post(LONG))
            self.assertTrue(wait_until(lambda: metric("vllm:num_requests_waiting") >= 8))
            answer = exchange(post(CHAT).replace(b"Host:", b"Connection: close\r\nHost:"))
            self.assertEqual(503, status(answer))
            self.assertIn(b"\r\nRetry-After: ", answer)
            self.assertEqual(1, metric("vllm:admission_rejections_total"))
            self.assertEqual(200, get("/health")[0])
        finally:
            for peer in peers:
                peer.close()
        self.assertTrue(wait_until(lambda: metric("vllm:num_requests_running") == 0))
        self.assertEqual(200, status(exchange(post(CHAT).replace(
            b"Host:", b"Connection: close\r\nHost:"))))

    def test_metrics_are_prometheus(self):
        names = {family.name for family in text_string_to_metric_families(get("/metrics")[1])}
        vllm = """num_requests_running num_requests_waiting kv_cache_usage_perc lora_requests_info
            cache_config_info prompt_tokens generation_tokens request_success num_preemptions
            prefix_cache_queries prefix_cache_hits spec_decode_num_drafts
            spec_decode_num_draft_tokens spec_decode_num_accepted_tokens
            spec_decode_num_accepted_tokens_per_pos admission_rejections corrupted_requests
            time_to_first_token_seconds inter_token_latency_seconds e2e_request_latency_seconds
            request_queue_time_seconds request_prefill_time_seconds request_decode_time_seconds
            request_inference_time_seconds request_prompt_tokens request_generation_tokens
            request_max_num_generation_tokens request_params_n request_params_max_tokens
            kv_block_lifetime_seconds kv_block_idle_before_evict_seconds
            kv_block_reuse_gap_seconds"""
        self.assertLessEqual({f"vllm:{name}" for name in vllm.split()}, names)
        self.assertIn("vllm:iteration_tokens_total", names)  # a histogram
        self.assertLessEqual({"millrace_tokens_per_weight_load", "millrace_memory_share",
                              "millrace_compute_share", "millrace_pages",
                              "millrace_prefix_missed_tokens"}, names)

    def test_idle_costs_nothing(self):
        wait_until(lambda: metric("vllm:num_requests_running") == 0)
        def ticks():
            with open(f"/proc/{server.child.pid}/stat") as file:
                fields = file.read().rsplit(")", 1)[1].split()
            return int(fields[11]) + int(fields[12])
        time.sleep(0.3)
        before = ticks()
        time.sleep(1.5)
        self.assertLessEqual(ticks() - before, 2)


@unittest.skipUnless(shutil.which("openssl"), "no openssl to make a certificate with")
class Encrypted(unittest.TestCase):
    def test_answers_and_streams(self):
        with tempfile.TemporaryDirectory() as folder:
            key, certificate = folder + "/key.pem", folder + "/certificate.pem"
            subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout",
                            key, "-out", certificate, "-days", "2", "-subj", "/CN=localhost",
                            "-addext", "subjectAltName=IP:127.0.0.1"], check=True,
                           capture_output=True)
            own = Server("--ssl-cert-file", certificate, "--ssl-key-file", key)
            self.addCleanup(own.stop)
            trust = ssl.create_default_context(cafile=certificate)
            self.assertTrue(own.url.startswith("https://"))
            for body in (CHAT, dict(CHAT, stream=True)):
                request = urllib.request.Request(own.url + "/v1/chat/completions",
                                                 json.dumps(body).encode(),
                                                 {"Content-Type": "application/json"})
                with urllib.request.urlopen(request, timeout=20, context=trust) as answer:
                    self.assertIn(b"choices", answer.read())
            self.assertEqual(0, status(exchange(head("GET", "/health"), to=own)))  # not encrypted
            peer = trust.wrap_socket(connect(own), server_hostname="127.0.0.1")
            peer.sendall(post(LONG))
            peer.recv(100)
            peer.close()
            with urllib.request.urlopen(own.url + "/readyz", timeout=20, context=trust) as answer:
                self.assertEqual(200, answer.status)


class End(unittest.TestCase):
    def test_a_stream_that_ends_in_time_is_whole(self):
        own = Server("--drain-timeout", 60)
        body = dict(LONG, max_tokens=300)
        with connect(own) as peer:
            peer.sendall(post(body).replace(b"Host:", b"Connection: close\r\nHost:"))
            first = peer.recv(10)
            own.child.send_signal(signal.SIGTERM)
            answer = first + read_all(peer)
        self.assertIn(b"data: [DONE]", answer)
        self.assertEqual(0, own.stop())

    def test_a_stream_that_does_not_ends_with_an_error(self):
        own = Server("--drain-timeout", 0)
        with connect(own) as peer:
            peer.sendall(post(LONG))
            first = peer.recv(10)
            own.child.send_signal(signal.SIGTERM)
            answer = first + read_all(peer)
        self.assertNotIn(b"[DONE]", answer)
        self.assertIn(b'data: {"error":', answer)
        self.assertEqual(0, own.stop())

    def test_the_service_manager_is_told(self):
        with tempfile.TemporaryDirectory() as folder, \
                socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(folder + "/notify")
            manager.settimeout(20)
            os.environ["NOTIFY_SOCKET"] = folder + "/notify"
            try:
                own = Server()
            finally:
                del os.environ["NOTIFY_SOCKET"]
            self.assertEqual(b"READY=1", manager.recv(100))
            self.assertEqual(0, own.stop())
            self.assertEqual(b"STOPPING=1", manager.recv(100))

    def test_streams_end_whole_or_with_an_error(self):
        """However the end falls: none is just cut off."""
        draw = random.Random(2)
        for _ in range(200 if FULL else 3):
            own = Server("--parallel", 4, "--drain-timeout", draw.choice((0, 0.3)))
            peers = [connect(own) for _ in range(6)]
            for peer in peers:
                peer.sendall(post(dict(LONG, max_tokens=draw.choice((30, 1900)))).replace(
                    b"Host:", b"Connection: close\r\nHost:"))
            time.sleep(draw.random() * 0.3)
            own.child.send_signal(signal.SIGTERM)
            for peer in peers:
                with peer:
                    answer = read_all(peer)
                whole = b"data: [DONE]" in answer or b'{"error":' in answer
                self.assertTrue(whole and answer.startswith(b"HTTP/1.1 "), answer[-300:])
            self.assertEqual(0, own.stop())

    def test_interrupt(self):
        self.assertEqual(130, Server().stop(signal.SIGINT))

    def test_while_draining(self):
        own = Server("--drain-delay", 30)
        own.child.send_signal(signal.SIGTERM)
        self.assertTrue(wait_until(lambda: get("/readyz", to=own)[0] == 503))
        self.assertEqual(200, get("/livez", to=own)[0])
        self.assertEqual(0, own.stop())  # the second signal

    def test_refusals_to_start(self):
        for flags, mention in ((("--host", "0.0.0.0"), "--api-key"),
                               (("--port", "70000"), "port"),
                               (("--host", "no such host"), "--host"),
                               (("--api-key-file", "/nonexistent"), "/nonexistent"),
                               (("--port", str(server.port)), "listen")):
            with self.assertRaises(RuntimeError) as caught:
                Server(*flags)
            self.assertIn(mention, str(caught.exception))


if __name__ == "__main__":
    main()
