// The table itself: it covers Config and nothing else, its names are unique, and each row can be set from
// each source.
#include "daemon/config/options.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <map>
#include <regex>
#include <set>

#include "daemon/config/load.hpp"
#include "daemon/config/show.hpp"

using namespace ringside;
using namespace ringside::config;

namespace {

// A good value of each option that is not its default, as text, and as YAML where that is written
// differently.
struct Sample {
  const char* path;
  const char* text;
  const char* yaml = nullptr;
  std::vector<std::string> besides{};  // flags without which it would be good for nothing
};
const std::vector<std::string> https{"--listen-ingress", "https://127.0.0.1:8443"};
const std::vector<Sample> samples = {
    {"cluster", "shop"},
    {"node.name", "a.b_c-1"},
    {"node.labels", "rack=r1,zone=eu", "{zone: eu, rack: r1}"},
    {"node.data_dir", "/var/lib/ringside"},
    {"node.weight", "2"},
    {"listen.api", "unix:/run/x.sock,[::1]:7000", "['unix:/run/x.sock', '[::1]:7000']"},
    {"listen.peer", "127.0.0.1:9000"},
    {"listen.ingress", "127.0.0.1:8080,unix:/run/i.sock", "['127.0.0.1:8080', 'unix:/run/i.sock']"},
    {"listen.tchannel", "127.0.0.1:7602,unix:/run/t.sock", "['127.0.0.1:7602', 'unix:/run/t.sock']"},
    {"listen.telemetry",
     "127.0.0.1:9600,https://127.0.0.1:9601",
     "['127.0.0.1:9600', 'https://127.0.0.1:9601']",
     {"--listen-tls-cert", "c", "--listen-tls-key", "k"}},
    {"listen.tls.cert", "api.pem", nullptr, {https[0], https[1], "--listen-tls-key", "k"}},
    {"listen.tls.key", "api-key.pem", nullptr, {https[0], https[1], "--listen-tls-cert", "c"}},
    {"advertise", "10.0.0.1:7601"},
    {"join.seeds", "10.0.0.5,dns://ring:7601,srv://ring,file:/etc/seeds",
     "[10.0.0.5, 'dns://ring:7601', srv://ring, 'file:/etc/seeds']"},
    {"join.refresh", "5s"},
    {"join.min_members", "3"},
    {"join.timeout", "30s"},
    {"gossip.period", "1s"},
    {"gossip.ping_timeout", "1.25s"},
    {"gossip.ping_req_timeout", "6s"},
    {"gossip.ping_req_size", "0"},
    {"gossip.suspect_timeout", "10s"},
    {"gossip.checksum", "node"},
    {"gossip.reap.faulty", "2h"},
    {"gossip.reap.tombstone", "90s"},
    {"gossip.heal.period", "1m"},
    {"gossip.ping_timeout_min", "400ms"},
    {"gossip.heal.lonely_period", "2s"},
    {"gossip.heal.doubt", "20s"},
    {"gossip.catch_up", "false"},
    {"gossip.death_fanout", "3"},
    {"gossip.full_sync_pause", "5ms"},
    {"gossip.retransmit_mult", "15"},
    {"gossip.lifeguard.health_max", "0"},
    {"gossip.lifeguard.confirmations", "3"},
    {"gossip.lifeguard.suspect_factor", "1"},
    {"gossip.lifeguard.buddy", "false"},
    {"gossip.lifeguard.oversleep", "false"},
    {"gossip.proof_of_death", "false"},
    {"gossip.newcomers", "100"},
    {"gossip.verify_newcomers", "false"},
    {"gossip.damping.enabled", "false"},
    {"gossip.damping.suppress", "4000"},
    {"gossip.damping.reuse", "1000"},
    {"gossip.damping.half_life", "1m"},
    {"gossip.damping.max_share", "25%"},
    {"gossip.label_nonce", "false"},
    {"ring.points", "160"},
    {"ring.identity", "address"},
    {"ring.without_app", "true"},
    {"app.id", "shop"},
    {"app.address", "unix:/run/app.sock"},
    {"app.protocol", "tchannel"},
    {"app.connect_timeout", "1s"},
    {"app.max_concurrency", "20"},
    {"app.grace", "2s"},
    {"app.health.path", "/health?deep=1"},
    {"app.health.interval", "10s"},
    {"app.health.timeout", "250ms"},
    {"app.health.fail", "1"},
    {"app.health.pass", "2"},
    {"app.health.required", "false"},
    {"app.queue", "0"},
    {"ingress.hosts", "shop.example,*.shop.example", "[shop.example, '*.shop.example']"},
    {"ingress.forwarded", "off"},
    {"ingress.trusted", "10.0.0.0/8,unix", "[10.0.0.0/8, unix]"},
    {"ingress.proxy_protocol", "true", nullptr, {"--ingress-trusted", "10.0.0.0/8"}},
    {"routes", R"([{match: "/users/{id}/**", methods: [GET], key: "user:{id}", timeout: 2s, retry: 0}, )"
               R"({match: "/**", missing: random, concurrency: 100}])"},
    {"forward.timeout", "800ms"},
    {"forward.idle_timeout", "10s"},
    {"forward.max_hops", "1"},
    {"forward.check", "view"},
    {"forward.without_key", "local"},
    {"forward.upgrade_on_move", "keep"},
    {"forward.retry.max", "0"},
    {"forward.retry.budget", "5%"},
    {"forward.retry.backoff", "0s"},
    {"forward.retry.backoff_max", "100ms"},
    {"forward.retry.buffer", "0"},
    {"forward.breaker.failures", "0"},
    {"forward.breaker.open", "250ms"},
    {"forward.in_flight", "10"},
    {"forward.in_flight_per_owner", "5"},
    {"forward.queue_per_key", "1"},
    {"forward.queue_wait", "0s"},
    {"forward.streams", "0"},
    {"forward.body_max", "64KiB"},
    {"ringpop.enforce_checksum", "false"},
    {"ringpop.enforce_keys", "true"},
    {"workers", "4"},
    {"dev", "true"},
    {"drain.timeout", "0s"},
    {"drain.notice", "0s"},
    {"drain.app_first", "true"},
    {"drain.status", "faulty"},
    {"security.api_hosts", "ring-a,*.shop.example,localhost:8080",
     "[ring-a, '*.shop.example', 'localhost:8080']"},
    {"security.api_origins", "https://shop.example,http://[::1]:3000",
     "['https://shop.example', 'http://[::1]:3000']"},
    {"security.cluster_key_file", "/run/secrets/ring_key"},
    {"security.tls.mode", "off"},
    {"security.tls.plain", "accept"},
    {"security.tls.ca", "ca.pem"},
    {"security.tls.cert", "node.pem"},
    {"security.tls.key", "node-key.pem"},
    {"security.allow_cidrs", "10.0.0.0/8,2001:db8::1", "[10.0.0.0/8, '2001:db8::1']"},
    {"security.api_token_file", "/run/secrets/ring_token"},
    {"security.app_token_file", "/run/secrets/app_token"},
    {"security.insecure", "true"},
    {"events.webhooks",
     R"([{url: "http://127.0.0.1:5000/x", types: ["ring-*"], secret_file: "/s"}, {url: "http://[::1]/"}])"},
    {"observability.log.level", "debug"},
    {"observability.log.format", "json"},
    {"observability.access_log.file", "-", "'-'"},
    {"observability.access_log.format", "common"},
    {"observability.access_log.sample", "10%"},
    {"observability.metrics", "false"},
    {"observability.server_timing", "true"},
    {"observability.traceparent", "make"},
    {"observability.statsd.address", "localhost:8125"},
    {"observability.statsd.file", "/var/tmp/stats"},
    {"observability.statsd.prefix", "ringpop.host-1"},
};

Result<std::string> no_file(const std::string&) {
  return boost::system::errc::make_error_code(boost::system::errc::no_such_file_or_directory);
}

// "gossip.period" and "1s" as nested YAML.
std::string as_yaml(std::string path, const std::string& value) {
  std::string out, indent;
  for (auto dot = path.find('.'); dot != path.npos; dot = path.find('.')) {
    out += indent + path.substr(0, dot) + ":\n";
    indent += "  ";
    path.erase(0, dot + 1);
  }
  return out + indent + path + ": " + value + "\n";
}

Loaded must(const Result<Loaded, std::vector<Problem>>& result) {
  if (!result) FAIL(render_problems(result.error()));
  return *result;
}

// Every leaf of the structs in config.hpp, as paths. Reads the header's text: C++ cannot list members. A part
// with a name of its own (AppSettings) stands before Config.
std::vector<std::string> fields_of_config() {
  std::ifstream header(RINGSIDE_SOURCE_DIR "/daemon/config/config.hpp");
  REQUIRE(header);
  const std::regex leaf(R"(^\s+([\w:<>, ]+?) (\w+)(\{.*\}| = [^;]+)?;)"),
      begin(R"(^struct (Config|\w+Settings) \{)"), inner_begin(R"(^\s+struct (\w+ )?\{\s*$)"),
      one_line(R"(^\s+struct \{ \w+ (\w+).*\} (\w+);)");
  std::vector<std::vector<std::string>> open;
  std::map<std::string, std::vector<std::string>> parts;
  std::string part;  // that is being read
  std::smatch match;
  for (std::string line; std::getline(header, line);) {
    line = line.substr(0, line.find("//"));
    if (std::regex_search(line, match, begin)) {
      part = match[1];
      open.assign(1, {});
    } else if (std::regex_search(line, inner_begin)) {
      if (!open.empty()) open.emplace_back();
    } else if (open.empty()) {
      continue;
    } else if (std::regex_search(line, match, one_line)) {
      open.back().push_back(match[2].str() + "." + match[1].str());
    } else if (line.starts_with("};")) {
      if (part == "Config") return open.front();
      parts[part] = open.front();
      open.clear();
    } else if (const auto close = line.find("} "); close != line.npos && line.find('{') == line.npos) {
      const auto inner = open.back();
      open.pop_back();
      const auto name = line.substr(close + 2, line.find(';') - close - 2);
      for (const auto& field : inner) open.back().push_back(name + "." + field);
    } else if (std::regex_search(line, match, leaf)) {
      const auto own = parts.find(match[1]);
      if (own == parts.end()) open.back().push_back(match[2].str());
      if (own != parts.end())
        for (const auto& field : own->second) open.back().push_back(match[2].str() + "." + field);
    }
  }
  return {};
}

}  // namespace

TEST_CASE("the table has a row for every field of Config and for nothing else") {
  std::vector<std::string> rows;
  for (const auto& option : options()) rows.emplace_back(option.path);
  CHECK(rows == fields_of_config());
}

TEST_CASE("no two options share a flag or a variable, and each explains itself") {
  std::set<std::string> flags{"--config"}, variables;
  for (const auto& option : options()) {
    CAPTURE(option.path);
    CHECK(flags.insert(flag_of(option)).second);
    CHECK(variables.insert(variable_of(option)).second);
    if (option.alias[0] != '\0') CHECK(flags.insert("--" + std::string(option.alias)).second);
    CHECK(option.help.ends_with('.'));
    CHECK(option.reason.ends_with('.'));
    if (is_list(option) || is_map(option)) CHECK(option.check != nullptr);
  }
}

TEST_CASE("the default of every option is within its own range and syntax") {
  for (const auto& option : options()) {
    CAPTURE(option.path);
    Config config;
    const auto value = value_of(option, config);
    CHECK(assign(option, config, value) == std::nullopt);
    CHECK(value_of(option, config) == value);
  }
}

TEST_CASE("every option can be set by flag, by variable and in the file, and says where it came from") {
  REQUIRE(samples.size() == options().size());
  for (const auto& sample : samples) {
    CAPTURE(sample.path);
    const auto& option = *find_option(sample.path);
    Config expected;
    REQUIRE(assign(option, expected, std::string(sample.text)) == std::nullopt);
    REQUIRE(value_of(option, expected) != value_of(option, Config{}));
    const auto holds = [&](const Loaded& loaded, Source source, const std::string& origin) {
      CHECK(value_of(option, loaded.config) == value_of(option, expected));
      CHECK(loaded.origin_of(sample.path).source == source);
      CHECK(loaded.origin_of(sample.path).to_string() == origin);
    };
    const auto with = [&](const std::vector<std::string>& own) {
      auto flags = sample.besides;
      flags.insert(flags.end(), own.begin(), own.end());
      return flags;
    };
    holds(must(load(with({flag_of(option) + "=" + sample.text}), {}, no_file)), Source::flag,
          flag_of(option));
    if (!is_boolean(option))
      holds(must(load(with({flag_of(option), sample.text}), {}, no_file)), Source::flag, flag_of(option));
    holds(must(load(with({}), {{variable_of(option), sample.text}}, no_file)), Source::environment,
          variable_of(option));
    const auto yaml = as_yaml(sample.path, sample.yaml != nullptr ? sample.yaml : sample.text);
    const auto line = std::count(yaml.begin(), yaml.end(), '\n');
    holds(
        must(load(with({"-c", "r.yaml"}), {}, [&](const std::string&) { return Result<std::string>(yaml); })),
        Source::file, "r.yaml:" + std::to_string(line));
    CHECK(value_of(option, must(load({}, {}, no_file)).config) == value_of(option, Config{}));
  }
}

TEST_CASE("flags win over variables, variables over the file, the file over defaults") {
  const auto file = [](const std::string&) { return Result<std::string>("ring: {points: 2}\n"); };
  const Environment variable = {{"RINGSIDE_RING_POINTS", "3"}};
  using Arguments = std::vector<std::string>;
  CHECK(must(load(Arguments{}, {}, file)).config.ring.points == 100);
  CHECK(must(load(Arguments{"-c", "f"}, {}, file)).config.ring.points == 2);
  CHECK(must(load(Arguments{"--config=f"}, variable, file)).config.ring.points == 3);
  CHECK(must(load(Arguments{"--ring-points", "4", "-cf"}, variable, file)).config.ring.points == 4);
}

TEST_CASE("short flags mean their long ones, and --join adds up") {
  const auto loaded =
      must(load(std::vector<std::string>{"--name", "a", "--join", "b:1,c", "--join-seeds=d", "--app-port",
                                         "5000", "--insecure", "--listen-peer", "0.0.0.0:7601"},
                {}, no_file));
  CHECK(loaded.config.node.name == "a");
  CHECK(loaded.config.join.seeds == std::vector<std::string>{"b:1", "c", "d"});
  CHECK(loaded.config.app.address == "127.0.0.1:5000");
  CHECK(loaded.origin_of("app.address").to_string() == "--app-port");
  CHECK(loaded.config.security.insecure);
}
