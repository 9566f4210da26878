// Everything that can be wrong with a configuration, with the exact words, line and column.
#include "daemon/config/load.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "daemon/config/show.hpp"

using namespace ringside;
using namespace ringside::config;

namespace {

using Arguments = std::vector<std::string>;

// What the user would read, without the closing line's number of problems when there is only one.
std::string complaints(const Arguments& arguments, const Environment& variables, const std::string& yaml) {
  const auto loaded =
      load(arguments, variables, [&](const std::string&) { return Result<std::string>(yaml); });
  if (loaded) return "";
  auto text = render_problems(loaded.error());
  if (text.ends_with("\n1 problem\n")) text.resize(text.size() - std::string("\n1 problem\n").size());
  return text;
}
std::string of_file(const std::string& yaml) {
  return complaints({"-c", "r.yaml"}, {}, yaml);
}
std::string of_flags(const Arguments& arguments) {
  return complaints(arguments, {}, "");
}
std::string of_variable(const std::string& name, const std::string& value) {
  return complaints({}, {{name, value}}, "");
}

}  // namespace

TEST_CASE("a faulty file is answered with line, column and what to do") {
  const auto& [yaml, expected] = GENERATE(table<const char*, const char*>({
      // names
      {"gosip:\n  period: 1s\n", "r.yaml:1:1: gosip: unknown option; did you mean gossip?"},
      {"gossip:\n  suspect_timeot: 5s\n",
       "r.yaml:2:3: gossip.suspect_timeot: unknown option; did you mean gossip.suspect_timeout?"},
      {"suspect_timeout: 5s\n",
       "r.yaml:1:1: suspect_timeout: unknown option; did you mean gossip.suspect_timeout?"},
      {"gossip: {reap: {falty: 1h}}\n",
       "r.yaml:1:17: gossip.reap.falty: unknown option; did you mean gossip.reap.faulty?"},
      {"elephants: 3\n", "r.yaml:1:1: elephants: unknown option"},
      {"gossip.period: 1s\n",
       "r.yaml:1:1: gossip.period: unknown option; sections are nested, not written with dots"},
      {"workers: 1\n\nworkers: 2\n", "r.yaml:3:1: workers: given twice; first in line 1; leave one out"},
      {"ring: {points: 1}\nring: {identity: name}\n",
       "r.yaml:2:1: ring: given twice; first in line 1; leave one out"},
      {"[a]: b\n", "r.yaml:1:1: a key must be a word"},
      // shapes
      {"- a\n", "r.yaml:1:1: expected options as key: value"},
      {"just words\n", "r.yaml:1:1: expected options as key: value"},
      {"gossip: 5s\n", "r.yaml:1:9: gossip: is a section; expected options below it"},
      {"workers: [1]\n", "r.yaml:1:10: workers: expected NUMBER, found a list"},
      {"workers: {a: 1}\n", "r.yaml:1:10: workers: expected NUMBER, found a section"},
      {"join:\n  seeds: {a: 1}\n", "r.yaml:2:10: join.seeds: expected a list; e.g. [a, b]"},
      {"join: {seeds: [[a]]}\n", "r.yaml:1:16: join.seeds: a list holds texts"},
      {"node: {labels: [zone]}\n", "r.yaml:1:16: node.labels: expected a map; e.g. {zone: eu, rack: r1}"},
      {"node: {labels: {zone: [eu]}}\n", "r.yaml:1:17: node.labels: a map holds texts"},
      {"node:\n  name:\n", "r.yaml:2:3: node.name: has no value; give one or leave the line out"},
      {"workers: 1\n---\nworkers: 2\n", "r.yaml:2:1: a second YAML document; put all options into one"},
      // values
      {"workers: many\n", "r.yaml:1:1: workers: 'many' is not a whole number"},
      {"workers: 1.5\n", "r.yaml:1:1: workers: '1.5' is not a whole number"},
      {"workers: 99999999999999999999\n",
       "r.yaml:1:1: workers: 99999999999999999999 is too large for a number"},
      {"workers: 257\n", "r.yaml:1:1: workers: 257 is out of range, 0 to 256"},
      {"gossip: {period: 5}\n", "r.yaml:1:10: gossip.period: '5' needs a unit, e.g. 5ms or 5s"},
      {"gossip: {period: 2h}\n", "r.yaml:1:10: gossip.period: 2h is out of range, 10ms to 1m"},
      {"gossip: {checksum: java}\n", "r.yaml:1:10: gossip.checksum: 'java' is not one of go, node"},
      {"security: {insecure: yes}\n", "r.yaml:1:12: security.insecure: 'yes' is not true or false"},
      {"forward: {body_max: 64GB}\n",
       "r.yaml:1:11: forward.body_max: '64GB' is not a size, e.g. 64KiB, 10MiB, 64GiB or 1000 (bytes)"},
      {"listen: {api: ['127.0.0.1:7600', foo]}\n",
       "r.yaml:1:34: listen.api: 'foo': the port is missing, e.g. foo:7601"},
      {"node:\n  labels:\n    __app: up\n",
       "r.yaml:3:5: node.labels: label '__app': keys that start with __ are ours"},
      {"node: {labels: {z: a, z: b}}\n", "r.yaml:1:8: node.labels: 'z' is given twice"},
  }));
  CAPTURE(yaml);
  CHECK(of_file(yaml) == expected);
}

TEST_CASE("faulty routes are answered with line and column, the number of the route, and what was meant") {
  const auto& [yaml, expected] = GENERATE(table<const char*, const char*>({
      {"routes: /a\n",
       R"(r.yaml:1:9: routes: expected a list of routes; e.g. - {match: "/users/{id}/**", key: "user:{id}"})"},
      {"routes:\n  - /a\n",
       R"(r.yaml:2:5: routes: route 1: expected a map; e.g. {match: "/users/{id}/**", key: "user:{id}"})"},
      {"routes:\n  - {mach: /a, key: k}\n",
       "r.yaml:2:6: routes: route 1: unknown option 'mach'; did you mean match?"},
      {"routes:\n  - {match: /a, key: k, turn: true}\n",
       "r.yaml:2:25: routes: route 1: unknown option 'turn'; a route has match, methods, key, missing, "
       "timeout, "
       "retry, upgrade, concurrency"},
      {"routes:\n  - {match: /a, key: k}\n  - {match: /b, key: k, key: l}\n",
       "r.yaml:3:25: routes: route 2: key is given twice; leave one out"},
      {"routes:\n  - {match: /a, key: {id}}\n",
       "r.yaml:2:22: routes: route 1: key: expected a text, found a map; braces need quotes around them"},
      {"routes:\n  - {match: /a, key: }\n",
       "r.yaml:2:17: routes: route 1: key has no value; give one or leave it out"},
      {"routes:\n  - {match: /a, methods: {a: b}}\n",
       "r.yaml:2:26: routes: route 1: methods: expected a list, found a map"},
      {"routes:\n  - {match: /a, methods: [GET, 'P T'], key: k}\n",
       "r.yaml:2:17: routes: route 1: methods: 'P T' is not a method"},
      {"routes:\n  - {match: /a, key: k, missing: never}\n",
       "r.yaml:2:34: routes: route 1: missing: 'never' is not one of reject, local, random"},
      {"routes:\n  - {match: /a, key: k, timeout: 2}\n",
       "r.yaml:2:34: routes: route 1: timeout: '2' needs a unit, e.g. 2ms or 2s"},
      {"routes:\n  - {match: /a, key: k, timeout: 25h}\n",
       "r.yaml:2:34: routes: route 1: timeout: 25h is out of range, 0s to 24h"},
      {"routes:\n  - {match: /a, key: k, retry: 6}\n",
       "r.yaml:2:32: routes: route 1: retry: 6 is out of range, 0 to 5"},
      {"routes:\n  - {match: /a, key: k, concurrency: 0}\n",
       "r.yaml:2:38: routes: route 1: concurrency: 0 is out of range, 1 to 1000000"},
      {"events:\n  webhooks:\n    - {url: 'http://example.com/'}\n",
       "r.yaml:3:13: events.webhooks: webhook 1: url: 'http://example.com/' leads off this machine, and http "
       "would tell everybody on the way; use https"},
      {"routes:\n  - {key: k}\n",
       "r.yaml:2:5: routes: route 1: match is missing: the path that the route takes, e.g. /users/{id}/**"},
      {"routes:\n  - {match: \"/users/{id}\", key: \"user:{idd}\"}\n",
       "r.yaml:2:28: routes: route 1: key: the path has no variable {idd}; did you mean {id}?"},
      {"routes:\n  - match: /**\n    key: k\n  - match: /a\n    key: k\n",
       "r.yaml:4:5: routes: route 2: never matches: route 1 (/**) takes all of its requests; the first match "
       "wins"},
  }));
  CAPTURE(yaml);
  CHECK(of_file(yaml) == expected);
}

TEST_CASE("an entry that stands alone is a list of one, and an empty text one of none") {
  const auto of_file = [](const std::string& yaml) {
    return load(Arguments{"-c", "r.yaml"}, {}, [&](const std::string&) { return Result<std::string>(yaml); });
  };
  CHECK(of_file("join: {seeds: dns://ring:7601}\n")->config.join.seeds == List{"dns://ring:7601"});
  CHECK(of_file("listen: {ingress: \"\"}\n")->config.listen.ingress.empty());
}

TEST_CASE("bad YAML is answered with the place where reading stopped") {
  const auto& [yaml, place] =
      GENERATE(table<const char*, const char*>({{"a: [1\nb: }\n", "r.yaml:2:2: not valid YAML: "},
                                                {"node: {name: a\n", "r.yaml:2:1: not valid YAML: "},
                                                {"workers: 1\n  ring: 2\n", "r.yaml:2:7: not valid YAML: "},
                                                {"workers: *x\n", "r.yaml:1:10: not valid YAML: "},
                                                {"a: b\n c\x04", "r.yaml:2:3: not valid YAML: a byte"},
                                                {"\xff\xfe", "r.yaml:1:1: not valid YAML: a byte"},
                                                {" ,}", "r.yaml:1:2: a second YAML document"},
                                                {"[]]", "r.yaml:1:3: not valid YAML: "}}));
  CAPTURE(yaml);
  CHECK_THAT(of_file(yaml), Catch::StartsWith(place));
}

TEST_CASE("an empty file, comments only, and empty sections are fine") {
  CHECK(of_file("") == "");
  CHECK(of_file("# nothing\n") == "");
  CHECK(of_file("gossip:\n  # period: 1s\nnode: {}\n") == "");
}

TEST_CASE("faulty flags are answered by their names") {
  const auto& [arguments, expected] = GENERATE(table<Arguments, const char*>({
      {{"--gossip-perod", "1s"}, "--gossip-perod: unknown flag; did you mean --gossip-period?"},
      {{"--gossip-perod=1s"}, "--gossip-perod: unknown flag; did you mean --gossip-period?"},
      {{"--nam", "a"}, "--nam: unknown flag; did you mean --name?"},
      {{"--elephants"}, "--elephants: unknown flag; see --help"},
      {{"-x"}, "-x: unknown flag; see --help"},
      {{"word"}, "word: unexpected argument; settings are given as --flag VALUE"},
      {{""}, "'': unexpected argument; settings are given as --flag VALUE"},
      {{"--name"}, "--name: needs a value; write --name VALUE"},
      {{"--name", "--insecure"}, "--name: needs a value; write --name VALUE"},
      {{"-c"}, "-c: needs a value; write -c VALUE"},
      {{"-c", "a", "-c", "b"}, "--config: given twice; one file holds all settings"},
      {{"--name", "a", "--name", "b"}, "--name: node.name is given twice; leave one out"},
      {{"--name", "a", "--node-name=b"},
       "--node-name: node.name is given twice (--name sets it too); leave one out"},
      {{"--gossip-period", "soon"},
       "--gossip-period: gossip.period: 'soon' is not a duration, e.g. 200ms, 1.5s, 5m or 1h"},
      {{"--workers", "-1"}, "--workers: workers: -1 is out of range, 0 to 256"},
      {{"--app-port", "99999"}, "--app-port: app.address: '127.0.0.1:99999': port 99999 is over 65535"},
      {{"--node-labels", "zone"}, "--node-labels: node.labels: 'zone' is not key=value"},
      {{"--routes", "[{match: a, key: k}, {match: b}]"},
       "--routes: routes: route 1: match: 'a' does not start with a slash"},
      {{"--routes", "[{match"}, "--routes: routes: not valid YAML: end of map flow not found"},
      {{"--insecure=maybe"}, "--insecure: security.insecure: 'maybe' is not true or false"},
      {{"--cluster="},
       "--cluster: cluster: '' is not a cluster name: 1 to 255 printable characters without spaces"},
  }));
  CAPTURE(arguments);
  CHECK(of_flags(arguments) == expected);
}

TEST_CASE("unknown variables are errors, those of others are not") {
  CHECK(of_variable("RINGSIDE_GOSIP_PERIOD", "1s") ==
        "RINGSIDE_GOSIP_PERIOD: unknown variable; did you mean RINGSIDE_GOSSIP_PERIOD?");
  CHECK(of_variable("RINGSIDE_ELEPHANTS", "3") == "RINGSIDE_ELEPHANTS: unknown variable; unset it");
  CHECK(of_variable("RINGSIDE_WORKERS", "x") == "RINGSIDE_WORKERS: workers: 'x' is not a whole number");
  CHECK(of_variable("RINGSIDE_APP_PORT", "5000") != "");
  const auto* foreign =
      GENERATE("RINGSIDE_ADDR", "RINGSIDE_SEED", "RINGSIDE_NODE_NAME", "RINGSIDE_SERVICE_HOST",
               "RINGSIDE_API_SERVICE_PORT_HTTP", "RINGSIDE_PORT_7600_TCP_ADDR", "RINGSIDER", "PATH");
  CAPTURE(foreign);
  CHECK(of_variable(foreign, "1") == "");
  CHECK(of_variable("RINGSIDE_PORT", "tcp://10.0.0.1:7600") == "");
}

TEST_CASE("texts that must have a form say which") {
  const auto& [option, value, expected] = GENERATE(table<const char*, const char*, const char*>({
      {"node-name", "10.0.0.1:7601",
       "node.name: '10.0.0.1:7601' looks like an address; a name has none of ':' so that the two cannot be "
       "mixed up"},
      {"node-name", "a#1", "node.name: 'a#1' holds '#', which separates name and point on the ring"},
      {"node-name", "a b", "node.name: 'a b' is not a name: 1 to 63 letters, digits, '.', '_' or '-'"},
      {"listen-peer", "unix:/run/x",
       "listen.peer: 'unix:/run/x' is a unix socket; other machines need host:port"},
      {"listen-peer", "127.0.0.1", "listen.peer: '127.0.0.1': the port is missing, e.g. 127.0.0.1:7601"},
      {"advertise", "0.0.0.0:7601", "advertise: '0.0.0.0:7601' is a wildcard, which nobody can dial"},
      {"advertise", "[::]", "advertise: '[::]' is a wildcard, which nobody can dial"},
      {"advertise", "10.0.0.1:0", "advertise: '10.0.0.1:0': port 0 cannot be dialled"},
      {"app-address", "5000", "app.address: '5000': the port is missing, e.g. 5000:7601"},
      {"app-address", "0.0.0.0:5000", "app.address: '0.0.0.0:5000' is a wildcard, which nobody can dial"},
      {"app-health-path", "health",
       "app.health.path: 'health' is not a path: it begins with / and has neither spaces nor #, e.g. "
       "/health"},
      {"app-health-path", "/a b",
       "app.health.path: '/a b' is not a path: it begins with / and has neither spaces nor #, e.g. /health"},
      {"join", "http://a:1",
       "join.seeds: 'http://a:1' is not a seed: host:port, dns://name:port, srv://name or file:path"},
      {"join", "dns://", "join.seeds: 'dns://' is not dns://name or dns://name:port"},
      {"join", "srv://a:1", "join.seeds: 'srv://a:1' is not srv://name; the records hold the ports"},
      {"join", "file:", "join.seeds: 'file:' is not file:path"},
      {"join", "a:1,,b:2", "join.seeds: '': the host is missing, e.g. 127.0.0.1:7601"},
      {"join", "a:99999", "join.seeds: 'a:99999': port 99999 is over 65535"},
      {"observability-statsd-address", "localhost",
       "observability.statsd.address: 'localhost': the port is missing, e.g. localhost:7601"},
      {"observability-statsd-prefix", "a.",
       "observability.statsd.prefix: 'a.' is not a prefix: up to 200 letters, digits, '.', '_' or '-', the "
       "last of them no dot"},
      {"observability-statsd-prefix", "a:b",
       "observability.statsd.prefix: 'a:b' is not a prefix: up to 200 letters, digits, '.', '_' or '-', the "
       "last of them no dot"},
      {"node-labels", "=x", "node.labels: a label needs a key, e.g. zone=eu"},
      {"node-labels", "a=\xff\xfe", "node.labels: a label is not UTF-8, which is all that gossip carries"},
      {"node-labels", "a=1,a=2", "node.labels: 'a' is given twice"},
  }));
  const auto flag = "--" + std::string(option);
  CAPTURE(flag, value);
  CHECK(of_flags({flag, value}) == flag + ": " + expected);
}

TEST_CASE("clashes name both options, both origins and the remedy") {
  const auto& [arguments, expected] = GENERATE(table<Arguments, const char*>({
      {{"--listen-peer", "127.0.0.1:7600"},
       "--listen-peer: listen.peer: 127.0.0.1:7600 does not go with listen.api 127.0.0.1:7600 (default): one "
       "port "
       "cannot serve both; choose another port for one of them"},
      {{"--listen-api", "localhost:7601"},
       "--listen-api: listen.api: localhost:7601 does not go with listen.peer 127.0.0.1:7601 (default): one "
       "port "
       "cannot serve both; choose another port for one of them"},
      {{"--listen-api", "unix:/a,unix:/a"},
       "--listen-api: listen.api: unix:/a and unix:/a are the same socket; leave one out"},
      {{"--listen-api="},
       "--listen-api: listen.api: the list is empty, nobody could reach the API; e.g. 127.0.0.1:7600"},
      {{"--app-port", "7600"},
       "--app-port: app.address: 127.0.0.1:7600 does not go with listen.api 127.0.0.1:7600 (default): the "
       "daemon "
       "would forward to itself; app.address is where the app listens"},
      {{"--app-port", "7601"},
       "--app-port: app.address: 127.0.0.1:7601 does not go with listen.peer 127.0.0.1:7601 (default): the "
       "daemon "
       "would forward to itself; app.address is where the app listens"},
      {{"--app-protocol", "h2c", "--app-health-path", "/health"},
       "--app-health-path: app.health.path: /health does not go with app.protocol h2c (--app-protocol): only "
       "apps that speak HTTP/1.1 are asked for a page; leave the path out: a connection to the app is enough "
       "then"},
      {{"--listen-peer", "10.0.0.1:7601"},
       "--listen-peer: listen.peer: 10.0.0.1:7601 can be reached from other machines, without a cluster key; "
       "ringside keygen > ring_key && chmod 600 ring_key, then --cluster-key-file ring_key on all members, "
       "or "
       "add --insecure (security.insecure: true) when all of them are trusted"},
      {{"--listen-api", "0.0.0.0:7600"},
       "--listen-api: listen.api: 0.0.0.0:7600 can be reached from other machines, without a token; ringside "
       "token new > ring_token && chmod 600 ring_token, then --api-token-file ring_token, or add --insecure "
       "(security.insecure: true) when all of them are trusted"},
      {{"--listen-tchannel", "0.0.0.0:7603", "--cluster-key-file", "key", "--api-token-file", "tokens"},
       "--listen-tchannel: listen.tchannel: 0.0.0.0:7603 can be reached from other machines, without "
       "encryption "
       "or token; listen on 127.0.0.1, or add --insecure (security.insecure: true) when all of them are "
       "trusted"},
      {{"--cluster-key-file", "key", "--security-tls-mode", "off"},
       "--cluster-key-file: security.cluster_key_file: key does not go with security.tls.mode off "
       "(--security-tls-mode): without TLS the key is not used; leave one of them out"},
      {{"--security-tls-mode", "certs", "--security-tls-ca", "a", "--security-tls-cert", "b"},
       "--security-tls-mode: security.tls.mode: certs needs security.tls.key; name all of security.tls.ca, "
       ".cert and .key; `ringside cert` makes them"},
      {{"--listen-api", "https://127.0.0.1:7600", "--listen-tls-cert", "c"},
       "--listen-api: listen.api: https://127.0.0.1:7600 needs listen.tls.key; name both, listen.tls.cert "
       "and "
       "listen.tls.key, or write the address without https://"},
      {{"--listen-ingress", "127.0.0.1:8443", "--listen-tls-cert", "c"},
       "--listen-tls-cert: listen.tls.cert: c is used by nobody: no address of listen.api, .ingress or "
       ".telemetry begins with https://; write the addresses that are to speak TLS as https://host:port"},
      {{"--listen-api", "https://127.0.0.1:7600,127.0.0.1:7600", "--listen-tls-cert", "c", "--listen-tls-key",
        "k"},
       "--listen-api: listen.api: 127.0.0.1:7600 and https://127.0.0.1:7600 are the same socket; leave one "
       "out"},
      {{"--listen-api", "https://0.0.0.0:7600", "--listen-tls-cert", "c", "--listen-tls-key", "k"},
       "--listen-api: listen.api: https://0.0.0.0:7600 can be reached from other machines, without a token; "
       "ringside token new > ring_token && chmod 600 ring_token, then --api-token-file ring_token, or add "
       "--insecure (security.insecure: true) when all of them are trusted"},
      {{"--ingress-proxy-protocol", "true"},
       "--ingress-proxy-protocol: ingress.proxy_protocol: whose header is to be believed is not said; name "
       "the "
       "load balancers in ingress.trusted"},
      {{"--ring-identity", "address", "--node-labels", "zone=eu"},
       "--node-labels: node.labels: {zone, ...} does not go with ring.identity address (--ring-identity): "
       "ringpop-node, "
       "for which address is meant, drops labels and checksums would differ; leave the labels out or use "
       "ring.identity: name"},
      {{"--ring-identity", "address", "--ring-points", "200"},
       "--ring-points: ring.points: 200 does not go with ring.identity address (--ring-identity): "
       "ringpop-node, for which address is meant, has 100 points a member, and owners would differ; leave "
       "ring.points at 100 or use ring.identity: name"},
      {{"--node-labels", "a=,b=,c=,d=,e=,f="},
       "--node-labels: node.labels: 6 labels are too many; at most 5"},
      {{"--gossip-ping-timeout", "6s"},
       "--gossip-ping-timeout: gossip.ping_timeout: 6s does not go with gossip.ping_req_timeout 5s "
       "(default): an "
       "indirect ping holds the helper's own ping and needs at least its time; raise gossip.ping_req_timeout "
       "or lower "
       "gossip.ping_timeout"},
      {{"--gossip-suspect-timeout", "150ms"},
       "--gossip-suspect-timeout: gossip.suspect_timeout: 150ms does not go with gossip.period 200ms "
       "(default): a "
       "suspect needs at least one period to defend itself; raise gossip.suspect_timeout or lower "
       "gossip.period"},
      {{"--forward-timeout", "100ms"},
       "--forward-timeout: forward.timeout: 100ms does not go with app.connect_timeout 500ms (default): the "
       "connect to "
       "the app is part of the time for the answer; raise forward.timeout or lower app.connect_timeout"},
      {{"--observability-statsd-address", "127.0.0.1:8125", "--observability-statsd-file", "stats"},
       "--observability-statsd-file: observability.statsd.file: stats does not go with "
       "observability.statsd.address 127.0.0.1:8125 (--observability-statsd-address): statistics go to one "
       "place only; leave one of them out"},
  }));
  CAPTURE(arguments);
  CHECK(of_flags(arguments) == expected);
}

TEST_CASE("a damped member must have to wait for its place") {
  CHECK_THAT(complaints({"-c", "r.yaml"}, {}, "gossip: {damping: {suppress: 2000, reuse: 2000}}\n"),
             Catch::Contains("lower gossip.damping.reuse"));
  CHECK(complaints({"-c", "r.yaml"}, {}, "gossip: {damping: {suppress: 2001, reuse: 2000}}\n").empty());
}

TEST_CASE("what does not clash is left alone") {
  CHECK(of_flags({"--listen-api", "127.0.0.1:0", "--listen-peer", "127.0.0.1:0"}) == "");
  CHECK(of_flags({"--listen-peer", "127.0.0.2:7600"}) == "");
  CHECK(of_flags({"--listen-peer", "0.0.0.0:7601", "--insecure"}) == "");
  CHECK(of_flags({"--listen-peer", "0.0.0.0:7601", "--cluster-key-file", "key"}) == "");
  CHECK(of_flags({"--listen-ingress", "0.0.0.0:7603"}) == "");  // the app's own door
  CHECK(of_flags({"--listen-telemetry", "0.0.0.0:9600"}) == "");
  CHECK(of_flags({"--listen-ingress", "https://0.0.0.0:8443", "--listen-tls-cert", "c", "--listen-tls-key",
                  "k", "--ingress-trusted", "10.0.0.0/8", "--ingress-proxy-protocol"}) == "");
  CHECK(of_flags({"--listen-api", "0.0.0.0:7600", "--api-token-file", "tokens"}) == "");
  CHECK(of_flags({"--listen-peer", "0.0.0.0:7601", "--security-tls-mode", "certs", "--security-tls-ca", "a",
                  "--security-tls-cert", "b", "--security-tls-key", "c"}) == "");
  CHECK(of_flags({"--ring-identity", "address"}) == "");
}

TEST_CASE("everything wrong in all sources is reported at once, the file first and by line") {
  const auto text = complaints({"-c", "r.yaml", "--nam=a", "--ring-points", "0"}, {{"RINGSIDE_WORKERS", "x"}},
                               "gossip:\n  ping_timeout: 9s\n  perid: 1s\ncluster: a b\nworkers: -1\n");
  CHECK(text ==
        "r.yaml:2:3: gossip.ping_timeout: 9s does not go with gossip.ping_req_timeout 5s (default): an "
        "indirect ping "
        "holds the helper's own ping and needs at least its time; raise gossip.ping_req_timeout or lower "
        "gossip.ping_timeout\n"
        "r.yaml:3:3: gossip.perid: unknown option; did you mean gossip.period?\n"
        "r.yaml:4:1: cluster: 'a b' is not a cluster name: 1 to 255 printable characters without spaces\n"
        "r.yaml:5:1: workers: -1 is out of range, 0 to 256\n"
        "RINGSIDE_WORKERS: workers: 'x' is not a whole number\n"
        "--nam: unknown flag; did you mean --name?\n"
        "--ring-points: ring.points: 0 is out of range, 1 to 10000\n"
        "7 problems\n");
}

TEST_CASE("an option that was refused is not judged in clashes") {
  CHECK(complaints({"-c", "r.yaml"}, {}, "gossip: {ping_req_timeout: x, ping_timeout: 20s}\n") ==
        "r.yaml:1:10: gossip.ping_req_timeout: 'x' is not a duration, e.g. 200ms, 1.5s, 5m or 1h");
  CHECK(complaints({"-c", "r.yaml"}, {}, "listen: {api: [a]}\napp: {address: '127.0.0.1:7600'}\n") ==
        "r.yaml:1:16: listen.api: 'a': the port is missing, e.g. a:7601");
}

TEST_CASE("a good value from a later source is judged though an earlier source's was refused") {
  const auto text =
      complaints({"-c", "r.yaml", "--gossip-ping-timeout", "6s"}, {}, "gossip: {ping_timeout: x}\n");
  CHECK_THAT(text, Catch::Contains("r.yaml:1:10: gossip.ping_timeout: 'x' is not a duration"));
  CHECK_THAT(text, Catch::Contains("--gossip-ping-timeout: gossip.ping_timeout: 6s does not go with"));
}

TEST_CASE("a problem carries its parts for tools") {
  const auto loaded = load(Arguments{"-c", "r.yaml"}, {}, [](const std::string&) {
    return Result<std::string>("gossip:\n  suspect_timeot: 5s\n");
  });
  REQUIRE(loaded.has_error());
  CHECK(loaded.error() == std::vector<Problem>{{"r.yaml", 2, 3, "gossip.suspect_timeot", "unknown option",
                                                "did you mean gossip.suspect_timeout?"}});
}

TEST_CASE("a file that cannot be read says its path and why") {
  const auto folder = std::filesystem::temp_directory_path().string();
  const auto missing = folder + "/ringside-" + std::to_string(getpid()) + "-missing.yaml";
  const auto of = [](const std::string& path) {
    return render_problems(load(Arguments{"-c", path}, {}, read_file).error());
  };
  CHECK(
      of(missing) ==
      missing +
          ": cannot read the file: No such file or directory; -c takes the path of a YAML file\n1 problem\n");
  CHECK(of(folder) ==
        folder + ": cannot read the file: Is a directory; -c takes the path of a YAML file\n1 problem\n");
}

TEST_CASE("any bytes as a file give a configuration or problems, never a crash") {
  const std::string good =
      "node: {name: a, labels: {zone: eu}}\nlisten:\n  api: ['127.0.0.1:7600', &x unix:/a]\ngossip: {period: "
      "1s}\n";
  for (std::size_t i = 0; i < good.size(); ++i) {
    (void)of_file(good.substr(0, i));
    for (const char byte : {'\0', '\t', '\n', '"', '[', '}', ':', '*', '&', '!', '%', '\x7f', '\xff'}) {
      auto bad = good;
      bad[i] = byte;
      (void)of_file(bad);
    }
  }
  CHECK_THAT(of_file(std::string(100'000, '[')), Catch::Contains("not valid YAML"));
  CHECK_THAT(of_file("a: &a {b: *a}\n"), Catch::Contains("unknown option"));
}

TEST_CASE("hosts and origins of the API are checked one by one, and what is wrong is said") {
  struct Row {
    std::string flag, value, complaint;  // none: it is fine
  };
  const auto row = GENERATE(values<Row>({
      {"--security-api-hosts", "*", ""},
      {"--security-api-hosts", "ring-a,ring-a:8080,*.shop.example,[::1]:80,10.0.0.1", ""},
      {"--security-api-hosts", "http://ring-a:8080", "is an origin; a name stands here"},
      {"--security-api-hosts", "ring-a:x", "'x' is not a port number"},
      {"--security-api-hosts", "ring-a:0", "nobody asks at port 0"},
      {"--security-api-hosts", "unix:/run/x.sock", "a unix socket, which answers for any host"},
      {"--security-api-hosts", "ring a", "is not a host name"},
      {"--security-api-hosts", "shop.*", "is not a host name"},
      {"--security-api-origins", "https://shop.example,http://localhost:3000,http://[::1]:8080", ""},
      {"--security-api-origins", "shop.example", "is not an origin: scheme://host"},
      {"--security-api-origins", "https://shop.example/", "is not an origin: scheme://host"},
      {"--security-api-origins", "https://*.shop.example", "is not an origin: scheme://host"},
      {"--security-api-origins", "*", "is not an origin: scheme://host"},
      {"--security-api-origins", "null", "is not an origin: scheme://host"},
      {"--security-api-origins", "https://shop.example:443", "browsers leave out the port"},
  }));
  INFO(row.value);
  const auto said = of_flags({row.flag, row.value});
  CHECK(said.empty() == row.complaint.empty());
  CHECK_THAT(said, Catch::Matchers::Contains(row.complaint));
}
