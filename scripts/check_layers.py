#!/usr/bin/env python3
"""Who may include whom: reads every #include line of proto/ and daemon/ against the table below.

The CMake libraries already keep a layer from linking what it should not; includes can still cheat (headers need no
linking), so they are read here. The table is the architecture in short: a line that has to change is a decision.

  scripts/check_layers.py               checks this checkout; prints one line per violation; exit 1 if there are any
  scripts/check_layers.py --self-test   proves on a made-up tree that each rule can fail
"""
import pathlib
import re
import sys
import tempfile

# Folder -> what of ours it may include, as path prefixes (its own folder is always allowed).
LAYERS = {
    "proto/wire": [],
    "proto/http": ["proto/wire"],
    "proto/tchannel": ["proto/wire"],
    "proto/ringpop": ["proto/wire", "proto/http/"],
    "proto/http1": ["proto/wire", "proto/http/"],
    "proto/http2": ["proto/wire", "proto/http/"],
    "proto/websocket": [],
    "proto/proxy_protocol": [],
    "daemon/base": [],
    "daemon/security": ["daemon/base"],
    "daemon/ring": ["daemon/base"],
    "daemon/swim": ["daemon/base", "daemon/ring/hash.hpp", "daemon/ring/snapshot.hpp", "proto/wire",
                    "proto/ringpop/messages.hpp"],
    "daemon/forward": ["daemon/base", "daemon/ring", "proto/wire"],
    "daemon/routes": ["daemon/base", "proto/http/"],
    "daemon/obs": ["daemon/base"],
    "daemon/config": ["daemon/base", "daemon/routes"],
    "daemon/net": ["daemon/base", "daemon/security", "daemon/obs", "daemon/config/config.hpp", "daemon/ring/snapshot.hpp", "proto/"],
    "daemon/api": ["daemon/base", "daemon/ring", "daemon/obs", "daemon/config/config.hpp", "daemon/config/syntax.hpp",
                   "proto/ringpop", "proto/http/"],
    "daemon/sim": ["daemon/base", "daemon/ring", "daemon/swim", "daemon/forward", "proto/ringpop"],
    "daemon/control": ["daemon/base", "daemon/security", "daemon/ring", "daemon/swim", "daemon/obs", "daemon/config", "daemon/net",
                       "daemon/api", "proto/"],
    "daemon/worker": ["daemon/base", "daemon/security", "daemon/ring", "daemon/forward", "daemon/routes", "daemon/obs", "daemon/config", "daemon/net",
                      "daemon/api", "proto/"],
    "daemon/run": ["daemon/base", "daemon/config", "proto/http/", "proto/http1"],
    "daemon/cli": ["daemon/base", "daemon/security", "daemon/ring", "daemon/routes", "daemon/obs", "daemon/config", "daemon/net", "daemon/api",
                   "daemon/run", "daemon/sim/scenario.hpp", "proto/"],
    "daemon/app": ["daemon/", "proto/"],
    "daemon": ["daemon/", "proto/"],  # main.cpp
}
# A file that may include more than its folder: the translators of what the core tells, to log lines and to Ringpop's
# statistics. Names of metrics are for obs/ alone, and the core must not know them.
EXTRA = {"daemon/config/swim_config.cpp": ["daemon/swim/node.hpp"],
         "daemon/config/swim_config.hpp": ["daemon/swim/node.hpp"],
         "daemon/obs/ringpop_stats.cpp": ["proto/ringpop/messages.hpp"],
         "daemon/obs/ringpop_stats.hpp": ["daemon/swim/node.hpp"],
         "daemon/obs/notice_log.cpp": ["daemon/swim/notice.hpp", "daemon/swim/node.hpp"],
         "daemon/obs/notice_log.hpp": ["daemon/swim/notice.hpp"]}

# Outside libraries: the .cpp files of which folders may include them. In .hpp files only what `header` says.
OUTSIDE = [
    # name, pattern, folders whose .cpp may, folders whose .hpp may, or single headers
    ("nlohmann/json", r"nlohmann/", ["proto/ringpop", "daemon/api", "daemon/config", "daemon/run", "daemon/cli", "daemon/obs"],
     ["daemon/api/json_body.hpp"]),
    ("spdlog", r"spdlog/", ["daemon/obs"], []),
    ("fmt", r"fmt/", ["daemon/obs"], []),
    ("yaml-cpp", r"yaml-cpp/", ["daemon/config"], ["daemon/config/list_of_maps.hpp"]),
    ("program_options", r"boost/program_options", ["daemon/config", "daemon/cli"], []),
    ("prometheus", r"prometheus/", ["daemon/obs"], []),
    ("llhttp", r"llhttp", [], []),  # tests only
    ("nghttp2", r"nghttp2/", [], []),  # tests only
    ("zlib", r"zlib\.h", ["proto/tchannel"], []),
    ("OpenSSL", r"openssl/", ["daemon/security"], ["daemon/security/openssl_ptr.hpp"]),
    ("farmhash", r"farmhash\.h", ["daemon/ring", "proto/tchannel"], []),
    ("Asio", r"boost/asio", ["daemon/net", "daemon/control", "daemon/worker", "daemon/cli", "daemon/app"],
     ["daemon/net", "daemon/control", "daemon/worker", "daemon/cli", "daemon/app"]),
]

# Pure code: same input, same output, on every compiler. No clock, chance, thread, file or socket, and nothing whose
# order differs between libraries.
PURE = ["proto/", "daemon/base", "daemon/ring", "daemon/swim", "daemon/forward", "daemon/routes", "daemon/sim"]
IMPURE_INCLUDES = {"random", "iostream", "fstream", "thread", "mutex", "shared_mutex", "condition_variable", "future",
                   "unordered_map", "unordered_set", "ctime", "time.h", "unistd.h", "filesystem", "syncstream"}
IMPURE_PREFIXES = ("sys/", "netinet/", "arpa/")
IMPURE_INCLUDES_EXCEPT = {("daemon/base/address.cpp", "arpa/"), ("daemon/base/address.cpp", "netinet/"),
                          ("daemon/base/network.cpp", "arpa/"), ("proto/proxy_protocol/header.cpp", "arpa/")}
IMPURE_CODE = [
    (re.compile(r"\b(steady_clock|system_clock|high_resolution_clock)::now\b"), "asks a clock; take Now as a parameter"),
    (re.compile(r"\bstd::(shuffle|random_device|mt19937)|\brand\(\)"), "own randomness; take Rng as a parameter"),
    (re.compile(r"\b(std::cout|std::cerr|printf\()"), "prints"),
]
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')


def folder_of(path):
    """proto/http1/parser.cpp -> proto/http1; daemon/main.cpp -> daemon."""
    parts = path.split("/")
    return "/".join(parts[:2]) if len(parts) > 2 else parts[0]


def matches(path, prefix):
    if prefix.endswith(("/", ".hpp")):
        return path.startswith(prefix)
    return path.startswith(prefix + "/")


def is_pure(path):
    return any(matches(path, p) for p in PURE)


def strip_comment(line):
    return line.split("//", 1)[0]


def check_include(path, quote, target):
    """Returns what is wrong with one include line, or None."""
    folder = folder_of(path)
    if target.startswith(("proto/", "daemon/")):
        if quote != '"':
            return f'our own header in angle brackets: write "{target}"'
        allowed = LAYERS[folder] + EXTRA.get(path, [])
        if folder_of(target) != folder and not any(matches(target, a) for a in allowed):
            return f"{folder} must not include {target} (allowed: {', '.join(allowed) or 'nothing of ours'})"
        return None
    if quote == '"':
        return f'"{target}" is not a path from the root of the repository'
    for name, pattern, in_cpp, in_hpp in OUTSIDE:
        if re.match(pattern, target):
            may = in_hpp if path.endswith(".hpp") else in_cpp
            if folder not in may and path not in may:
                where = "a header" if path.endswith(".hpp") and folder in in_cpp else folder
                return f"{name} is not for {where} (only for .cpp files of {', '.join(in_cpp)})"
    if target == "boost/asio.hpp":
        return "include the narrow Asio header; the whole of Asio costs 10 s a file"
    if is_pure(path) and (target in IMPURE_INCLUDES or target.startswith(IMPURE_PREFIXES)):
        if not any(path == p and target.startswith(t) for p, t in IMPURE_INCLUDES_EXCEPT):
            return f"<{target}> in pure code"
    return None


def check_file(root, path):
    problems = []
    for number, line in enumerate((root / path).read_text(encoding="utf-8").splitlines(), 1):
        include = INCLUDE.match(line)
        if include:
            problem = check_include(path, *include.groups())
            if problem:
                problems.append(f"{path}:{number}: {problem}")
        elif is_pure(path):
            for pattern, problem in IMPURE_CODE:
                if pattern.search(strip_comment(line)):
                    problems.append(f"{path}:{number}: pure code {problem}")
    return problems


def check_tree(root):
    problems, count = [], 0
    for top in ("proto", "daemon"):
        for file in sorted((root / top).rglob("*.[ch]pp")):
            path = file.relative_to(root).as_posix()
            if folder_of(path) not in LAYERS:
                problems.append(f"{path}: its folder is not in the table of scripts/check_layers.py")
                continue
            count += 1
            problems += check_file(root, path)
            if path.endswith(".hpp") and "#pragma once" not in file.read_text(encoding="utf-8"):
                problems.append(f"{path}: no #pragma once")
    return problems, count


# Each case: a file, a line in it, and a piece of the complaint it must cause (None: it must pass).
CASES = [
    ("proto/http1/a.cpp", '#include "proto/http/message.hpp"', None),
    ("proto/http1/a.cpp", '#include "daemon/base/time.hpp"', "must not include"),
    ("proto/wire/a.cpp", '#include "proto/tchannel/message.hpp"', "must not include"),
    ("daemon/swim/a.cpp", '#include "proto/ringpop/messages.hpp"', None),
    ("daemon/swim/a.cpp", '#include "proto/ringpop/codec.hpp"', "must not include"),
    ("daemon/ring/a.cpp", '#include "daemon/swim/node.hpp"', "must not include"),
    ("daemon/net/a.cpp", '#include "daemon/swim/node.hpp"', "must not include"),
    ("daemon/worker/a.cpp", '#include "daemon/control/control_plane.hpp"', "must not include"),
    ("daemon/api/a.cpp", "#include <boost/asio/ip/tcp.hpp>", "Asio is not for"),
    ("daemon/obs/notice_log.cpp", '#include "daemon/swim/notice.hpp"', None),
    ("daemon/obs/log.cpp", '#include "daemon/swim/notice.hpp"', "must not include"),
    ("daemon/config/a.hpp", "#include <nlohmann/json.hpp>", "not for a header"),
    ("daemon/config/a.cpp", "#include <nlohmann/json.hpp>", None),
    ("daemon/config/a.hpp", "#include <yaml-cpp/yaml.h>", "not for a header"),
    ("daemon/obs/a.hpp", "#include <spdlog/spdlog.h>", "not for a header"),
    ("daemon/config/a.hpp", "#include <boost/program_options.hpp>", "not for a header"),
    ("daemon/worker/a.cpp", "#include <spdlog/spdlog.h>", "spdlog is not for"),
    ("daemon/net/a.cpp", "#include <boost/asio.hpp>", "narrow Asio header"),
    ("daemon/swim/a.cpp", "#include <random>", "in pure code"),
    ("daemon/swim/a.cpp", "#include <iostream>", "in pure code"),
    ("daemon/sim/a.cpp", "#include <unordered_map>", "in pure code"),
    ("proto/http2/a.cpp", "#include <sys/socket.h>", "in pure code"),
    ("daemon/forward/a.cpp", "auto t = std::chrono::steady_clock::now();", "asks a clock"),
    ("daemon/forward/a.cpp", "// the shell calls steady_clock::now()", None),
    ("daemon/swim/a.cpp", "std::shuffle(a, b, c);", "own randomness"),
    ("daemon/net/a.cpp", '#include "stream.hpp"', "not a path from the root"),
    ("daemon/net/a.cpp", "#include <daemon/base/time.hpp>", "angle brackets"),
    ("daemon/extra/a.cpp", "#include <vector>", "not in the table"),
]


def self_test():
    failed = 0
    for path, line, expected in CASES:
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / path
            file.parent.mkdir(parents=True)
            file.write_text(f"#pragma once\n{line}\n", encoding="utf-8")
            problems, _ = check_tree(pathlib.Path(folder))
        good = not problems if expected is None else len(problems) == 1 and expected in problems[0]
        if not good:
            failed += 1
            print(f"self-test: {path}: {line}\n  expected {expected or 'no complaint'}, got {problems}")
    print(f"check_layers: {len(CASES) - failed} of {len(CASES)} self-tests passed")
    return failed


def main():
    if sys.argv[1:] == ["--self-test"]:
        sys.exit(1 if self_test() else 0)
    if sys.argv[1:]:
        sys.exit(__doc__)
    problems, count = check_tree(pathlib.Path(__file__).resolve().parent.parent)
    for problem in problems:
        print(problem)
    print(f"check_layers: {count} files, {len(problems)} violations")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
