#!/usr/bin/env python3
"""Where flags come from (command line, environment, config file), help, and what is said of
mistakes."""
import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("MILLRACE_BIN", str(ROOT / "build/release/millrace"))
MODEL = ROOT / "models" / (ROOT / "models/default").read_text().strip()
USAGE = 2
PLAIN = {name: value for name, value in os.environ.items() if not name.startswith("MILLRACE_")}


def millrace(*args, **variables):
    with tempfile.TemporaryDirectory() as home:
        env = PLAIN | {"XDG_CONFIG_HOME": home} | {k: str(v) for k, v in variables.items()}
        return subprocess.run([PROGRAM, *map(str, args)], stdin=subprocess.DEVNULL, env=env,
                              capture_output=True, text=True, timeout=60)


def commands():
    lines = millrace("--help").stdout.split("\n\n")[1].splitlines()
    return [line.split()[0] for line in lines if line.startswith("  ") and line[2].islower()]


class Sources(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def answer(self, *args, config=None, **variables):
        if config is not None:
            (self.folder / "c.toml").write_text(config)
            args += "--config", self.folder / "c.toml"
        done = millrace("run", "Hi", "--json", *args, **variables)
        self.assertEqual(0, done.returncode, done.stderr)
        return json.loads(done.stdout)

    def test_flag_before_variable_before_file_before_default(self):
        config = "[run]\nn-predict = 3\nseed = 7\n"
        for wanted, args, variables in [
                (5, ["-n", 5], {"MILLRACE_N_PREDICT": 4}), (4, [], {"MILLRACE_N_PREDICT": 4}),
                (3, [], {}), (3, [], {"MILLRACE_N_PREDICT": ""})]:
            answer = self.answer(*args, config=config, **variables)
            self.assertEqual((wanted, 7), (answer["tokens"], answer["seed"]))

    def test_every_alias_and_the_last_of_two(self):
        for args in (["--max-tokens", 2], ["--n-predict=2"], ["-n2"], ["-n", 9, "-n", 2]):
            self.assertEqual(2, self.answer(*args)["tokens"], args)
        config = "max_tokens = 9\n[run]\nn_predict = 2\n[perplexity]\nn_context = 1\n"
        self.assertEqual(2, self.answer(config=config.split("[perp")[0])["tokens"])

    def test_names_of_llama_cpp_and_of_vllm(self):
        """Spelled as fingers know them; each is the flag that it stands for."""
        for args in (["-n", 3], ["--predict", 3], ["--n-predict", 3], ["--max-tokens", 3]):
            self.assertEqual(3, self.answer(*args)["tokens"], args)
        same = self.answer("-n", 5, "-s", 4)["text"]
        for line in ("-ub 64 -b 64", "-ctk f16 -ctv f16", "--cache-type-k f16", "-fa on -cb",
                     "--max-model-len 256", "--flash-attn auto --jinja", "-c 256 -t 1",
                     "--enable-prefix-caching --max-num-batched-tokens 99", "--temperature 0.8",
                     "--repetition-penalty 1 --top-k 40", "-ub=32", f"-hf {MODEL}",
                     f"-md {MODEL}"):
            self.assertEqual(same, self.answer("-n", 5, "-s", 4, *line.split())["text"], line)

    def test_flags_that_say_where_a_model_runs(self):
        same = self.answer("-n", 5, "-s", 4)["text"]
        for line in ("-t 1 -tb 2", "--threads-batch 1", "-ngl 0", "--n-gpu-layers auto", "--mlock",
                     "--numa distribute", "--numa isolate", "--numa numactl", "-ngl all",
                     "--gpu-layers 99"):
            self.assertEqual(same, self.answer("-n", 5, "-s", 4, *line.split())["text"], line)
        for layers, n_told in (("0", 0), ("auto", 0), ("1", 1), ("all", 1)):
            done = millrace("run", "Hi", "-n", 1, "-ngl", layers)
            self.assertEqual(n_told, done.stderr.count("--gpu-layers: no GPU ("), done.stderr)
        if len(list(Path("/sys/devices/system/node").glob("node[0-9]*"))) < 2:
            self.assertIn("--numa: no effect",
                          millrace("run", "Hi", "-n", 1, "--numa", "isolate").stderr)

    def test_what_the_program_tells_of_itself(self):
        log = self.folder / "log"
        told = {level: millrace("run", "Hi", "-n", 1, "-ngl", 9, "--think", "off", "-lv", level,
                                "--log-file", log).stderr for level in (0, 1, 2, 3, 9)}
        self.assertEqual(["", "", "no GPU", "no GPU tok/s", "no GPU tok/s"],
                         [" ".join(part for part in ("no GPU", "tok/s") if part in text)
                          for text in told.values()])
        self.assertEqual(("", ""), (told[0], told[1]))
        self.assertEqual("".join(told.values()), log.read_text())
        quiet = millrace("run", "Hi", "-n", 1, "--think", "off", "--log-disable")
        self.assertEqual((0, ""), (quiet.returncode, quiet.stderr))
        quiet = millrace("run", "Hi", "-n", 1, "--think", "off", MILLRACE_LOG_VERBOSITY=1)
        self.assertEqual("", quiet.stderr)
        wrong = millrace("run", "Hi", "-c", 2_000_000_000, "--log-disable")
        self.assertEqual((4, 1), (wrong.returncode, wrong.stderr.count("\n")))
        for colours, dim in (("on", True), ("off", False), ("auto", False)):
            done = millrace("run", "What is 12 + 7?", "--temp", 0, "--log-colors", colours)
            self.assertEqual(dim, "\x1b[2m" in done.stderr, colours)

    def test_the_usual_place_and_one_that_is_named(self):
        (self.folder / "millrace").mkdir()
        (self.folder / "millrace/config.ini").write_text("[run]\nn-predict = 2")
        (self.folder / "other").write_text("[run]\nmax-tokens = 3")
        self.assertEqual(2, self.answer(XDG_CONFIG_HOME=self.folder)["tokens"])
        self.assertEqual(3, self.answer(MILLRACE_CONFIG=self.folder / "other")["tokens"])

    def test_switches(self):
        for no in ("0", "false", "off"):
            done = millrace("run", "Hi", "-n", 1, MILLRACE_JSON=no)
            self.assertNotIn("{", done.stdout)
        for yes in ("1", "true", "on", "enabled"):
            done = millrace("run", "Hi", "-n", 1, MILLRACE_JSON=yes)
            self.assertEqual(1, json.loads(done.stdout)["tokens"])

    def test_lists(self):
        config = '[run]\nn-predict = 30\ntemp = 0\nbad_words = ["the", "short"]'
        by_flag = self.answer("--temp", 0, "-n", 30, "--bad-words", "the", "--bad-words", "short")
        self.assertEqual(by_flag["text"], self.answer(config=config)["text"])
        self.assertNotEqual(by_flag["text"], self.answer("--temp", 0, "-n", 30)["text"])
        one = self.answer("-n", 3, MILLRACE_ALLOWED_TOKEN_IDS="300,301")
        self.assertEqual(3, one["tokens"])

    def test_what_must_be_there_may_come_from_anywhere(self):
        text = self.folder / "text"
        text.write_text("Once upon a time there was a little dog. " * 99)
        done = millrace("perplexity", "--json", "-c", 64, MILLRACE_FILE=text, MILLRACE_CHUNKS=1)
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertEqual(31, json.loads(done.stdout)["tokens"])
        done = millrace("perplexity")
        self.assertEqual((USAGE, "millrace: perplexity: wanted --file FILE\n"),
                         (done.returncode, done.stderr))

    def test_a_variable_gives_way_to_a_flag_that_excludes_it(self):
        (self.folder / "t").write_text("{{ messages[0].content }}")
        (self.folder / "i").write_text('{"messages": [{"content": "hello"}]}')
        done = millrace("template", "--file", self.folder / "t", "--input", self.folder / "i",
                        MILLRACE_MODEL="/nonexistent")
        self.assertEqual("hello", done.stdout, done.stderr)


class Mistakes(unittest.TestCase):
    def refuse(self, mention, *args, **variables):
        done = millrace(*args, **variables)
        self.assertEqual(USAGE, done.returncode, done.stderr)
        self.assertEqual("", done.stdout)
        self.assertEqual(1, done.stderr.count("\n"), done.stderr)
        self.assertIn(mention, done.stderr)

    def test_near_misses(self):
        self.refuse("did you mean 'run'?", "rnu", "hi")
        self.refuse("did you mean '--temp'?", "run", "--tmep", "1")
        self.refuse("did you mean '--temperature'?", "run", "--temperatur=1")
        self.refuse("did you mean '--json'?", "show", "--jason")
        self.refuse("did you mean 'bf16'?", "run", "--kv-type", "bf61")
        self.refuse("did you mean 'top_k'?", "run", "--samplers", "topk")
        self.refuse("wanted f16|bf16|f32|int8|q8_0", "run", "--kv-type", "q4_0")
        self.refuse("millrace --help", "frobnicate")
        self.refuse("millrace run --help", "run", "--frobnicate")

    def test_values(self):
        self.refuse("--temp: wanted a number, found 'hot'", "run", "--temp", "hot")
        self.refuse("--seed: wanted a value, found none", "run", "--seed")
        self.refuse("--threads: wanted an integer from 0 to 1024, found '5000'", "run", "-t", 5000)
        self.refuse("--threads: wanted an integer from 0 to 1024, found 'two'", "run", "-t", "two")
        self.refuse("--flash-attn: wanted on|auto, found 'off'", "run", "-fa", "off")
        self.refuse("--numa: wanted distribute|isolate|numactl", "run", "--numa", "spread")
        self.refuse("--gpu-layers: wanted a number, auto or all", "run", "-ngl", "some")
        self.refuse("--log-file: '/no/such/file'", "run", "--log-file", "/no/such/file")
        self.refuse("--stop-token-ids: wanted an integer", "run", "--stop-token-ids", "x")
        self.refuse("wanted a JSON object", "run", "a", "--chat-template-kwargs", "[1]")
        self.refuse("one argument too many: 'b'", "run", "a", "b")
        self.refuse("wanted a command")

    def test_variables_and_files_are_named(self):
        self.refuse("MILLRACE_TEMP: --temp: wanted a number", "run", MILLRACE_TEMP="hot")
        self.refuse("MILLRACE_JSON: wanted true or false", "run", MILLRACE_JSON="maybe")
        with tempfile.TemporaryDirectory() as folder:
            for line, text, mention in [
                    (2, "[run]\ntmep = 1", "did you mean 'temp'?"),
                    (2, "[rnu]\ntemp = 1", "did you mean 'run'?"), (1, "temp", "wanted a number"),
                    (1, "= 1", "wanted FLAG"), (3, "\n\nkv-type = q8", "wanted f16"),
                    (1, "json = 7", "true or false")]:
                path = Path(folder) / "c"
                path.write_text(text)
                self.refuse(mention, "run", "Hi", "--config", path)
                self.refuse(f"{path}:{line}: ", "run", "Hi", MILLRACE_CONFIG=path)
            path.write_bytes(bytes(range(256)) * 99)
            self.refuse(str(path), "run", "--config", path)
            self.refuse(folder, "run", "--config", folder)
            self.refuse("nowhere", "run", "--config", "nowhere")


class Help(unittest.TestCase):
    def test_on_one_screen(self):
        for args in [["--help"], *[[name, "--help"] for name in commands()]]:
            done = millrace(*args)
            lines = done.stdout.splitlines()
            self.assertEqual((0, ""), (done.returncode, done.stderr))
            self.assertLessEqual(len(lines), 24, done.stdout)
            self.assertLessEqual(max(map(len, lines)), 80, args)
            shown = done.stdout.split("\nexamples\n")[1].splitlines()
            self.assertEqual(3, len(shown), args)
            self.assertTrue(all("millrace" in line for line in shown), shown)

    def test_all_flags_with_their_variables(self):
        done = millrace("run", "--help-all")
        self.assertEqual(0, done.returncode)
        for part in ("--repetition-penalty", "MILLRACE_CTX_SIZE", "--max-model-len"):
            self.assertIn(part, done.stdout)
        self.assertIn("MILLRACE_CHUNKS", millrace("--help-all").stdout)


if __name__ == "__main__":
    if not Path(PROGRAM).exists():
        print(f"skipped: {PROGRAM} is not built")
        sys.exit(77)
    unittest.main()
