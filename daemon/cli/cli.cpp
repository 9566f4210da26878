// The table of verbs, help, and the way from a command line to a verb's function.
#include "daemon/cli/cli.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <iostream>
#include <thread>

#include "daemon/base/text.hpp"
#include "daemon/cli/api_client.hpp"
#include "daemon/cli/arguments.hpp"
#include "daemon/cli/verb.hpp"
#include "daemon/config/show.hpp"

namespace ringside::cli {
namespace {

constexpr std::array members_flags{
    Flag{"--status", 0, "STATUS", "only these: alive, suspect, faulty, leave, tombstone; may be repeated"},
    Flag{"--label", 0, "TEST", "only those with name==value, or without by name!=value; may be repeated"},
    Flag{"--wide", 'w', "", "also version, round trip of pings, flap score, weight and incarnation"},
};
constexpr std::array lookup_flags{
    Flag{"--owners", 'n', "N", "name N owners, in the order in which they would take over"},
    Flag{"--explain", 0, "", "show the points around the key, who comes next, and who is not in the ring"},
    Flag{"--all-nodes", 0, "", "ask every member whom it takes for the owner; exit 1 when they differ"},
};
constexpr std::array ring_flags{Flag{"--points", 0, "", "list every point"}};
constexpr std::array plan_flags{
    Flag{"--add", 0, "NAME[:WEIGHT]", "a member that comes, with so many times the points; may be repeated"},
    Flag{"--remove", 0, "NAME", "one that goes; may be repeated"},
};
constexpr std::array dist_flags{
    Flag{"--keys", 0, "FILE", "also count whose the keys of a file are, one a line; - for standard input"},
};
constexpr std::array events_flags{
    Flag{"--follow", 'f', "", "go on, also over restarts of the node; else print what is kept and end"},
    Flag{"--types", 0, "TYPES", "only these, with commas: ring-*,member-join"},
    Flag{"--count", 0, "N", "end after N events"},
    Flag{"--for", 0, "DURATION", "end after this time"},
};
constexpr std::array logs_flags{
    Flag{"--follow", 'f', "", "go on with the lines that come"},
    Flag{"--level", 0, "LEVEL", "the least that is shown: trace, debug, info (default), warn, error"},
};
constexpr std::array debug_flags{
    Flag{"--file", 0, "FILE", "where to write it (ringside-NODE-TIME.tar)"},
};
constexpr std::array call_flags{
    Flag{"--request", 'X', "METHOD", "GET, or POST with -d, unless this says otherwise"},
    Flag{"--data", 'd', "DATA",
         "the body: the text itself, @file, or @- for standard input; form data unless -H names a type"},
    Flag{"--header", 'H', "'NAME: VALUE'", "a header field; may be repeated"},
    Flag{"--include", 'i', "", "print the whole head to standard output"},
    Flag{"--timeout", 0, "DURATION", "to the head of the answer and between pieces of its body (30s)"},
};
constexpr std::array route_flags{
    Flag{"--explain", 0, "", "show each route that was looked at, where the key comes from, and the limits"},
    Flag{"--header", 'H', "'NAME: VALUE'", "a header field of the request; may be repeated"},
};
constexpr std::array wait_flags{
    Flag{"--for", 0, "WHAT",
         "ready (default), outbound (the app can call out), stable (nothing has moved for 3s), or members=N "
         "alive"},
    Flag{"--timeout", 0, "DURATION", "give up after this (30s)"},
};
constexpr std::array drain_flags{
    Flag{"--cancel", 0, "", "back into the ring"},
    Flag{"--timeout", 0, "DURATION", "cut what has not ended by then (the node's drain.timeout)"},
};
constexpr std::array evict_flags{
    Flag{"--force", 0, "", "though it is alive or suspect; if it lives it comes back"}};
constexpr std::array leave_flags{
    Flag{"--timeout", 0, "DURATION", "cut what has not ended by then (the node's drain.timeout)"},
};
constexpr std::array top_flags{
    Flag{"--every", 0, "DURATION", "how often to look (2s)"},
    Flag{"--times", 0, "N", "end after N times (0: never)"},
};
constexpr std::array bench_flags{
    Flag{"--connections", 'c', "N", "that ask at once (16)"},
    Flag{"--duration", 0, "DURATION", "how long (10s)"},
    Flag{"--keys", 0, "N", "different ones, key:0 to key:N-1, by chance (10000)"},
    Flag{"--path", 0, "PATH", "that the apps are asked for (/)"},
    Flag{"--method", 'X', "METHOD", "of the requests, without a body (GET)"},
};
constexpr std::array simulate_flags{
    Flag{"--nodes", 'n', "N", "how many (10)"},
    Flag{"--minutes", 'm', "N", "of simulated time after the cold start (10)"},
    Flag{"--loss", 0, "PERCENT", "of all messages never arrive"},
    Flag{"--kill", 0, "N", "nodes die, one after the other"},
    Flag{"--freeze", 0, "PERCENT", "of the nodes stand still at any time, each for five seconds"},
    Flag{"--partition", 0, "A/B@TIME",
         "so many percent are cut off from the rest, from then on for 30s, or +TIME"},
    Flag{"--churn", 0, "TIME", "so often a node joins and another leaves"},
    Flag{"--seed", 0, "N", "of everything that is random (1)"},
    Flag{"--trace", 0, "", "a line for every message and every notice, to standard error"},
};
constexpr std::array run_flags{
    Flag{"--app-id", 0, "ID", "which instances belong together on this machine (the working folder's name)"},
    Flag{"--restart", 0, "", "start the app, or the daemon, again when it ends by itself"},
};
constexpr std::array dev_flags{Flag{"--nodes", 'n', "N", "how many (3)"}};
constexpr std::array echo_flags{
    Flag{"--listen", 0, "HOST:PORT", "where it listens (127.0.0.1 and the port in PORT, else 5000)"},
};
constexpr std::array config_flags{Flag{"--origin", 0, "", "say where each value comes from"}};

constexpr std::array token_flags{
    Flag{"--role", 0, "ROLE", "app (default), read or ops: what the token may do"}};

constexpr std::array cert_flags{
    Flag{"--folder", 0, "FOLDER", "where the files are and go (.)"},
    Flag{"--days", 0, "N", "how long it is good (3650 for ca, 365 for node)"},
};

constexpr std::string_view loads =
    "Also takes -c FILE and every flag of `ringside agent`; the environment counts too.";

constexpr std::array verbs{
    Verb{"agent", "[-c FILE] [FLAGS]", "run the daemon", "", {}, 0, 0, true, nullptr},
    Verb{"run", "[FLAGS] -- CMD...", "run the daemon and an app, as one",
         "Starts a ringside and, beside it, the app CMD, which gets PORT to listen on (unless --app-port or "
         "--app-address says\nwhere it listens), RINGSIDE_ADDR and RINGSIDE_NODE_NAME. Instances of one "
         "--app-id on this machine find each other;\nelsewhere --join names some. Each keeps the others' "
         "addresses and its keys in ~/.local/state/ringside ($XDG_STATE_HOME).\nSIGTERM and Ctrl-C drain "
         "first, then end the app. Takes every flag of `ringside agent`.\n"
         "Exit: the app's code, 128+N when signal N ended it, 126 or 127 when it cannot be started, 125 when "
         "the daemon failed.\n\n"
         "  ringside run --app-port 5000 -- python3 app.py\n"
         "  ringside run --listen-peer 0.0.0.0:7601 --insecure --join dns://app:7601 -- gunicorn app:app",
         run_flags, 0, 0, true, run_with_app, true},
    Verb{"dev", "[-n N] [FLAGS] [-- CMD...]", "a cluster in this terminal, to play with",
         "Nodes n1, n2, ... with an app each: CMD, which gets PORT, RINGSIDE_ADDR and RINGSIDE_NODE_NAME, or "
         "else `ringside echo`.\nKeys: a digit chooses a node; k kill, s stop (it hangs), c continue or "
         "start again, p cut "
         "it off, h heal,\nl load on or off, + add, - drain, q quit. Without a terminal the same words, one "
         "a line: kill 2, status, quit.\n"
         "Takes every flag of `ringside agent`, for all "
         "nodes.\n\n"
         "  ringside dev -n 5\n"
         "  ringside dev -n 3 --gossip-suspect-timeout 2s -- python3 app.py",
         dev_flags, 0, 0, true, dev, true},
    Verb{"members", "[NAME]", "who is there", "", members_flags, 0, 1, false, members},
    Verb{"lookup", "KEY", "who owns a key", "", lookup_flags, 1, 1, false, lookup},
    Verb{"ring", "", "the ring: members, shares, checksum", "", ring_flags, 0, 0, false, ring},
    Verb{"ranges", "[NODE]", "which hashes a node owns", "", {}, 0, 1, false, ranges},
    Verb{"plan", "--add NAME --remove NAME", "what would move if they came and went",
         "Nothing is changed.\n\n  ringside plan --add d:2 --remove b", plan_flags, 0, 0, false, plan},
    Verb{"dist", "", "how evenly keys are spread", "", dist_flags, 0, 0, false, dist},
    Verb{"events", "", "what happens: members, ring, app",
         "Without -f what is kept of it, the last 1,024 events.\n\n"
         "  ringside events -f --types 'ring-*,member-*'\n"
         "  ringside events -f --types member-faulty --count 1 --for 1h",
         events_flags, 0, 0, false, events},
    Verb{"logs", "", "what a node has logged",
         "The last 1,024 lines. At a level below the node's own, lines are written as long as somebody reads "
         "them so.\n\n"
         "  ringside logs -f --level debug",
         logs_flags, 0, 0, false, logs},
    Verb{"call", "KEY /path", "send a request to the app that owns a key",
         "The body goes to standard output, Ringside-* headers to standard error. Exit 1 for answers from "
         "500 on and for "
         "all that ringside answers itself.",
         call_flags, 2, 2, false, call},
    Verb{"route", "METHOD URL -c FILE", "which route and key a request on listen.ingress has",
         "Reads the routes as `ringside agent` would (-c FILE, flags, environment); the node at --addr is "
         "asked "
         "only who owns the key, and need not run.\nExit 1 if the request would be refused.\n\n"
         "  ringside route --explain GET '/users/42/cart?x=1' -H 'X-Tenant: acme' -c ringside.yaml",
         route_flags, 2, 2, true, route},
    Verb{"status",
         "[OTHER_API_ADDRESS...]",
         "one screen about a node; with others, whether they agree",
         "",
         {},
         0,
         64,
         false,
         status},
    Verb{"health", "", "exit 0 when the node is ready, for health checks", "", {}, 0, 0, false, health},
    Verb{"wait", "", "wait until a node is ready or a cluster is complete", "", wait_flags, 0, 0, false,
         wait},
    Verb{"drain", "", "take a node out of the ring, and wait until its app has nothing to do",
         "Its keys go to other members; nothing is lost. What is under way ends, what is still sent to it is "
         "passed on, and\nwhat its app asks for goes out. The daemon stays until --cancel, `ringside leave` "
         "or "
         "SIGTERM.",
         drain_flags, 0, 0, false, drain},
    Verb{"leave", "", "the same, then the daemon ends, as after SIGTERM", "", leave_flags, 0, 0, false,
         leave},
    Verb{"evict", "NODE", "forget a member that nobody expects any more", "", evict_flags, 1, 1, false,
         evict},
    Verb{"reap", "", "forget every faulty member", "", {}, 0, 0, false, reap},
    Verb{"join",
         "PEER...",
         "bring a node and the clusters of these peers together",
         "Peers are written as in join.seeds. Exit 1 if none of them was reached.",
         {},
         1,
         64,
         false,
         join},
    Verb{
        "heal", "", "look among the seeds for a partition that was lost sight of", "", {}, 0, 0, false, heal},
    Verb{"partitions",
         "",
         "ask all members whether they see the same cluster",
         "Exit 1 if they do not.",
         {},
         0,
         0,
         false,
         partitions},
    Verb{"reload",
         "",
         "read the configuration again, as SIGHUP does",
         "File, environment and flags as at the start; anything wrong refuses the whole. Says what was "
         "applied and "
         "what\nneeds a restart. Keys and tokens are read again, logs opened anew.",
         {},
         0,
         0,
         false,
         reload},
    Verb{"log-level",
         "trace|debug|info|warn|error",
         "what is logged, until the next reload or restart",
         "",
         {},
         1,
         1,
         false,
         log_level},
    Verb{"labels",
         "get|set|rm [KEY[=VALUE]...]",
         "what a node says of itself to the others",
         "The others are told at once; after a restart node.labels counts again.\n\n"
         "  ringside labels set zone=eu rack=r1\n"
         "  ringside labels get zone",
         {},
         1,
         64,
         false,
         labels},
    Verb{
        "weight",
        "N",
        "how many times the usual share of keys a node takes",
        "The ring moves at once; after a restart node.weight counts again. Refused while a Ringpop node is a "
        "member.\n\n"
        "  ringside weight 2",
        {},
        1,
        1,
        false,
        weight},
    Verb{"debug", "bundle", "all that a node shows, in a file for who is to help",
         "Members, ring, configuration, statistics, metrics, events and the last lines of the log. No secret "
         "is "
         "among them;\nnames, addresses and keys of requests are.\n\n"
         "  ringside debug bundle --file node-a.tar",
         debug_flags, 1, 1, false, debug},
    Verb{"top", "", "what a node does: requests and errors a second, members",
         "A picture on a terminal, else a line each time; -o json for a line of JSON.\n\n"
         "  ringside top --every 5s",
         top_flags, 0, 0, false, top},
    Verb{"bench", "", "load on a node: requests a second, how long they take, what fails",
         "Each connection asks for a key, waits for the answer and asks again. The requests reach the apps. "
         "Exit "
         "1 if any\nfailed: no answer, one from 500 on, or ringside's own.\n\n"
         "  ringside bench --connections 64 --duration 30s --path /cart",
         bench_flags, 0, 0, false, bench},
    Verb{"simulate", "[-c FILE]", "a cluster with your settings in virtual time, and what befalls it",
         "The production gossip and ring, without a network: reads the settings as `ringside agent` would "
         "(-c FILE, flags,\nenvironment) and asks no daemon. The same settings and seed are the same run. "
         "Exit 1 if the nodes do not agree at the end, nor within ten seconds after it.\n\n"
         "  ringside simulate -c ringside.yaml --nodes 50 --loss 5% --kill 3 --partition 40/60@30s --minutes "
         "10",
         simulate_flags, 0, 0, true, simulate},
    Verb{"keygen",
         "",
         "a new cluster key, for security.cluster_key_file",
         "All members need the same one: ringside keygen > ring_key && chmod 600 ring_key",
         {},
         0,
         0,
         false,
         keygen},
    Verb{"keys",
         "list|install|use|remove [ID|FILE]",
         "the cluster keys of all members, and how they change",
         "Without a restart, on all members at once, each of which answers for itself. The key itself comes "
         "from a file;\nelse its id will do. It is used once all have it, and removed once nobody dials with "
         "it.\n\n"
         "  ringside keygen > new_key && chmod 600 new_key\n"
         "  ringside keys install new_key      accepted from now on\n"
         "  ringside keys use new_key          dialled with from now on\n"
         "  ringside keys remove ring_key      the old one is accepted no more",
         {},
         1,
         2,
         false,
         keys},
    Verb{"token", "new", "a new token of the API, for security.api_token_file",
         "Without --role it is one for apps, alone on its line: apps can send the file's content as it is.\n"
         "  ringside token new > ring_token && chmod 600 ring_token\n"
         "  ringside token new --role ops >> ring_token",
         token_flags, 1, 1, false, token},
    Verb{"cert", "ca|node [NAME]", "certificates for security.tls.mode: certs, and for listen.tls",
         "`ringside cert ca` makes an authority, ca.pem and ca-key.pem. `ringside cert node NAME` makes "
         "NAME.pem\n"
         "and NAME-key.pem, signed by it, for the member of that node.name, or for the name or IPv4 address "
         "by\n"
         "which clients ask at https://. Nothing is overwritten.",
         cert_flags, 1, 2, false, cert},
    Verb{"echo", "", "an app to try things with: answers with what reached it",
         "JSON with its name (RINGSIDE_NODE_NAME), method, path, headers and the size of the body.\n\n"
         "  ringside run -- ringside echo",
         echo_flags, 0, 0, false, echo},
    Verb{"validate", "-c FILE", "check a configuration", loads, {}, 0, 0, true, validate},
    Verb{"config", "show|default",
         "what these flags, variables and file come to, or the commented default file", loads, config_flags,
         0, 0, true, config},
    Verb{"completion",
         "bash|zsh|fish",
         "a script by which a shell completes verbs, flags and values",
         "  bash: ringside completion bash > ~/.local/share/bash-completion/completions/ringside\n"
         "  zsh:  ringside completion zsh > _ringside, in a folder of $fpath\n"
         "  fish: ringside completion fish > ~/.config/fish/completions/ringside.fish",
         {},
         1,
         1,
         false,
         completion},
    Verb{"version", "", "the version", "", {}, 0, 0, false, version},
};

const Verb* find_verb(std::string_view name) {
  for (const Verb& verb : verbs)
    if (verb.name == name) return &verb;
  return nullptr;
}

std::string overview() {
  std::string out = "ringside: every request for a key reaches the one app that owns it\n\n";
  for (const Verb& verb : verbs) {
    const std::string form = "  ringside " + std::string(verb.name) + " " + std::string(verb.words);
    out +=
        form + std::string(form.size() < 42 ? 42 - form.size() : 1, ' ') + std::string(verb.summary) + "\n";
  }
  return out +
         "\nringside VERB --help says more. Verbs ask the node at --addr, else RINGSIDE_ADDR, else "
         "127.0.0.1:7600, with\nthe token of --token-file, else RINGSIDE_API_TOKEN_FILE, and the CA of "
         "--ca-file, else RINGSIDE_CA_FILE.\n"
         "Exit codes: 0 ok, 1 failed, 2 usage, 3 not reachable, 4 not found, 5 timed out.\n";
}

// Of the flags that all verbs have, --help, the last one, is all that means something to these.
constexpr std::array<std::string_view, 7> local_verbs = {"keygen",   "token",      "cert",   "echo",
                                                         "validate", "completion", "version"};

void append_flags(std::string& out, std::span<const Flag> flags) {
  for (const Flag& flag : flags) {
    std::string form = flag.letter != 0 ? std::string("  -") + flag.letter + ", " : "      ";
    form += std::string(flag.name) + (flag.value.empty() ? "" : " ") + std::string(flag.value);
    out += form + std::string(form.size() < 30 ? 30 - form.size() : 1, ' ') + std::string(flag.help) + "\n";
  }
}

std::string help(const Verb& verb) {
  std::string out = "ringside " + std::string(verb.name) + (verb.words.empty() ? "" : " ") +
                    std::string(verb.words) + "\n" + std::string(verb.summary) + "\n";
  if (!verb.details.empty()) out += "\n" + std::string(verb.details) + "\n";
  out += "\n";
  if (verb.run == nullptr) return out + config::flags_help();
  append_flags(out, verb.flags);
  const bool asks_nobody = std::ranges::find(local_verbs, verb.name) != local_verbs.end();
  append_flags(out, asks_nobody ? common_flags().last(1) : common_flags());
  return out;
}

int unknown_verb(Terminal& terminal, std::string_view word) {
  std::vector<std::string> names;
  for (const Verb& verb : verbs) names.emplace_back(verb.name);
  const std::string meant = closest(word, names);
  return fail(terminal, usage,
              "there is no verb '" + std::string(word) + "'" +
                  (meant.empty() ? "" : "; did you mean " + meant + "?") + " (`ringside help` lists them)");
}

bool asks_for_help(std::string_view word) {
  return word == "help" || word == "--help" || word == "-h";
}

int run_verb(const Verb& verb, std::span<const char* const> args, const Handlers& handlers,
             Terminal& terminal) {
  if (verb.run == nullptr) {  // the daemon reads its flags itself
    const bool wants_help =
        std::ranges::any_of(args, [](std::string_view a) { return a == "--help" || a == "-h"; });
    if (!wants_help) return handlers.agent(args);
    terminal.out << help(verb);
    return ok;
  }
  const auto arguments = parse_arguments(verb, args);
  if (!arguments) return fail(terminal, usage, arguments.error());
  if (arguments->has("--help")) {
    terminal.out << help(verb);
    return ok;
  }
  if (auto loaded = load_token(terminal, *arguments); !loaded) return fail(terminal, usage, loaded.error());
  try {
    return verb.run(terminal, *arguments);
  } catch (const std::exception& error) {  // JSON that lacks what this version expects
    return fail(terminal, failed,
                std::string("the answer is not what ringside " RINGSIDE_VERSION
                            " understands; is the daemon of another version? (") +
                    error.what() + ")");
  }
}

}  // namespace

std::span<const Verb> verb_table() {
  return verbs;
}

int fail(Terminal& terminal, Exit exit, std::string_view message) {
  terminal.err << "ringside: " << message << "\n" << std::flush;
  return exit;
}

int run(std::span<const char* const> args, const Handlers& handlers, Terminal& terminal) {
  if (args.empty()) {
    terminal.err << overview();
    return usage;
  }
  const std::string_view first = args[0];
  if (first == "--version") return version(terminal, {});
  if (!asks_for_help(first)) {
    const Verb* verb = find_verb(first);
    return verb == nullptr ? unknown_verb(terminal, first)
                           : run_verb(*verb, args.subspan(1), handlers, terminal);
  }
  const Verb* verb = args.size() > 1 ? find_verb(args[1]) : nullptr;
  if (args.size() > 1 && verb == nullptr) return unknown_verb(terminal, args[1]);
  terminal.out << (verb == nullptr ? overview() : help(*verb));
  return ok;
}

int run(std::span<const char* const> args, const Handlers& handlers) {
  Terminal terminal{std::cout,
                    std::cerr,
                    std::cin,
                    config::environment(::environ),
                    [] { return Clock::now(); },
                    [](Duration duration) { std::this_thread::sleep_for(duration); },
                    ::isatty(STDERR_FILENO) == 1};
  return run(args, handlers, terminal);
}

}  // namespace ringside::cli
