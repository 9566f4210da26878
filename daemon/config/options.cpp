#include "daemon/config/options.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <limits>

#include "daemon/base/text.hpp"
#include "daemon/config/syntax.hpp"

namespace ringside::config {
namespace {

// A captureless lambda that leads to a field; its type picks the alternative of Field.
#define RINGSIDE_FIELD(member) +[](Config& c) -> auto& { return c.member; }

constexpr std::int64_t second = 1000;
constexpr std::int64_t minute = 60 * second;
constexpr std::int64_t hour = 60 * minute;
constexpr Range any{};

const std::array table = {
    Option{"cluster", RINGSIDE_FIELD(cluster), any, "",
           "Name of the cluster; members with another name are refused (Ringpop's app).",
           "One name for all, so that a first cluster needs no setting.", "", check_cluster},
    Option{"node.name", RINGSIDE_FIELD(node.name), any, "",
           "Name of this member; the ring hashes it, so it should survive restarts. Empty: the host name.",
           "Host names are unique where one daemon runs on each host.", "name", check_name},
    Option{"node.labels", RINGSIDE_FIELD(node.labels), any, "",
           "Labels that the other members see, at most 5 of up to 32 bytes of key and 128 of value.",
           "ringpop-node relays drop labels, so none is the only setting that suits every cluster.", "",
           check_label},
    Option{"listen.api", RINGSIDE_FIELD(listen.api), any, "", "Where the local API listens.",
           "Loopback: the app and the operator on this host, nobody else.", "", check_listen_api},
    Option{"listen.peer", RINGSIDE_FIELD(listen.peer), any, "",
           "Where other members reach this one, for gossip and for forwarded requests.",
           "Loopback is safe without a key; a real cluster names its address here.", "", check_listen_peer},
    Option{
        "advertise", RINGSIDE_FIELD(advertise), any, "",
        "Address that the other members dial. Empty: listen.peer, or the host's own address when that is a "
        "wildcard.",
        "Differs from listen.peer only behind address translation.", "", check_advertise},
    Option{"join.seeds", RINGSIDE_FIELD(join.seeds), any, "",
           "Members to join through: host:port, dns://name:port (all its addresses), srv://name, file:path "
           "(one a "
           "line). Our own address among them is skipped.",
           "Empty: the first member of a cluster has nobody to join.", "join", check_seed},
    Option{"join.refresh",
           RINGSIDE_FIELD(join.refresh),
           {second, hour},
           "",
           "How often the seeds are looked up again.",
           "A usual lifetime of DNS records of services.",
           ""},
    Option{"join.min_members",
           RINGSIDE_FIELD(join.min_members),
           {1, 4096},
           "members",
           "Serve only once the ring has had this many members.",
           "1: a single node must work.",
           ""},
    Option{"gossip.period",
           RINGSIDE_FIELD(gossip.period),
           {10, minute},
           "",
           "Least time between two pings of this member.",
           "Ringpop's; 5 pings a second find a dead member soon.",
           ""},
    Option{"gossip.ping_timeout",
           RINGSIDE_FIELD(gossip.ping_timeout),
           {10, minute},
           "",
           "How long a direct ping waits for its answer.",
           "Ringpop's.",
           ""},
    Option{"gossip.ping_req_timeout",
           RINGSIDE_FIELD(gossip.ping_req_timeout),
           {10, 5 * minute},
           "",
           "How long an indirect ping waits; it holds a helper's own ping, so not under ping_timeout.",
           "Ringpop's.",
           ""},
    Option{"gossip.ping_req_size",
           RINGSIDE_FIELD(gossip.ping_req_size),
           {0, 10},
           "helpers",
           "Members asked to ping a target that did not answer.",
           "Ringpop's: at 1 % loss 3 helpers leave about one false suspicion in a million pings.",
           ""},
    Option{"gossip.suspect_timeout",
           RINGSIDE_FIELD(gossip.suspect_timeout),
           {100, 10 * minute},
           "",
           "How long a suspect may defend itself before it counts as faulty and its keys move.",
           "Ringpop's: 25 periods, time for a refutation to cross a large cluster.",
           ""},
    Option{"gossip.checksum", RINGSIDE_FIELD(gossip.checksum), any, "",
           "Whose membership checksum to speak; members of one cluster must agree.",
           "ringpop-go's covers labels, which names travel in.", ""},
    Option{"gossip.reap.faulty",
           RINGSIDE_FIELD(gossip.reap.faulty),
           {second, 168 * hour},
           "",
           "How long a faulty member is remembered before it becomes a tombstone.",
           "Long enough for a broken network to heal and its members to be known still.",
           ""},
    Option{"gossip.reap.tombstone",
           RINGSIDE_FIELD(gossip.reap.tombstone),
           {second, 24 * hour},
           "",
           "How long a tombstone is kept before the member is forgotten.",
           "Many times what gossip needs to reach all members.",
           ""},
    Option{"ring.points",
           RINGSIDE_FIELD(ring.points),
           {1, 10'000},
           "points",
           "Points of each member on the ring; all members must agree.",
           "Every Ringpop has 100; with another number owners differ from theirs.",
           ""},
    Option{"ring.identity", RINGSIDE_FIELD(ring.identity), any, "",
           "What the ring hashes: the member's name, or its address for clusters with ringpop-node.",
           "By name a member keeps its keys when its address changes.", ""},
    Option{"app.address", RINGSIDE_FIELD(app.address), any, "",
           "The app beside this daemon. Empty: none, this member owns no key and only forwards.",
           "There is no port that most apps use.", "app-address", check_app_address},
    Option{"app.connect_timeout",
           RINGSIDE_FIELD(app.connect_timeout),
           {10, minute},
           "",
           "How long a connect to the app may take.",
           "The app is near: a connect takes microseconds or fails.",
           ""},
    Option{"forward.timeout",
           RINGSIDE_FIELD(forward.timeout),
           {10, hour},
           "",
           "Time from the request to the head of the app's answer.",
           "Interactive callers have given up by then.",
           ""},
    Option{"forward.idle_timeout",
           RINGSIDE_FIELD(forward.idle_timeout),
           {100, 24 * hour},
           "",
           "Longest silence between two pieces of a body.",
           "Twice the usual 30 s keep-alive of slow streams.",
           ""},
    Option{"forward.max_hops",
           RINGSIDE_FIELD(forward.max_hops),
           {1, 8},
           "hops",
           "How often a request may be passed on between members.",
           "One hop to the owner and one more when the ring has just moved.",
           ""},
    Option{"forward.retry.max",
           RINGSIDE_FIELD(forward.retry.max),
           {0, 5},
           "retries",
           "Repeats of a request that surely ran nowhere, or is safe to repeat.",
           "One saves a restart; more multiply the load of a cluster in trouble.",
           ""},
    Option{"forward.in_flight",
           RINGSIDE_FIELD(forward.in_flight),
           {1, 1'000'000},
           "requests",
           "Requests without an answer that one worker holds; more are refused with 503.",
           "About 0.2 s of one core's work: more would only wait.",
           ""},
    Option{"forward.body_max",
           RINGSIDE_FIELD(forward.body_max),
           {0, std::numeric_limits<std::int64_t>::max()},
           "",
           "Largest body of a request; a larger one gets 413.",
           "Bodies are streamed and never held, so the cap only stops endless ones.",
           ""},
    Option{"workers",
           RINGSIDE_FIELD(workers),
           {0, 256},
           "threads",
           "Threads that forward. 0: one for each core.",
           "Forwarding is work for the processor, and the workers share nothing.",
           ""},
    Option{"drain.timeout",
           RINGSIDE_FIELD(drain.timeout),
           {0, 24 * hour},
           "",
           "How long a leaving member waits for its requests to end.",
           "Most supervisors kill after 30 s or more.",
           ""},
    Option{"security.insecure", RINGSIDE_FIELD(security.insecure), any, "",
           "Allow listeners that other machines reach, without encryption or token.",
           "Off: nobody opens a port to the network by accident.", "insecure"},
    Option{"observability.log.level", RINGSIDE_FIELD(observability.log.level), any, "",
           "Least level that is logged.", "info: changes of members and ring, nothing for each request.", ""},
    Option{"observability.log.format", RINGSIDE_FIELD(observability.log.format), any, "",
           "Text for people or JSON for collectors; the keys are the same.", "People read the first lines.",
           ""},
};

#undef RINGSIDE_FIELD

// The words of each enum, in the order of its values.
constexpr std::array<std::string_view, 2> words(ChecksumDialect) {
  return {"go", "node"};
}
constexpr std::array<std::string_view, 2> words(Identity) {
  return {"name", "address"};
}
constexpr std::array<std::string_view, 2> words(LogFormat) {
  return {"text", "json"};
}
constexpr std::array<std::string_view, 5> words(LogLevel) {
  return {"trace", "debug", "info", "warn", "error"};
}

template <class E>
std::string joined_words(std::string_view separator) {
  std::string all;
  for (const auto word : words(E{}))
    all += (all.empty() ? std::string() : std::string(separator)).append(word);
  return all;
}

std::optional<std::string> out_of_range(const Option& option, std::int64_t value, const std::string& shown) {
  if (value >= option.range.least && value <= option.range.most) return std::nullopt;
  return shown + " is out of range, " + range_of(option);
}

// One `read` for each type of field: text in, field set, or one sentence.
std::optional<std::string> read(const Option& option, const std::string& text, std::string& field) {
  if (option.check != nullptr)
    if (auto wrong = option.check(text); !wrong.empty()) return wrong;
  field = text;
  return std::nullopt;
}

std::optional<std::string> read(const Option& option, const std::string& text, std::int64_t& field) {
  const auto value = parse_size(text);
  if (!value) return value.error();
  if (auto wrong = out_of_range(option, *value, text)) return wrong;
  field = *value;
  return std::nullopt;
}

std::optional<std::string> read(const Option& option, const std::string& text, int& field) {
  const auto value = parse_integer(text);
  if (!value) return value.error();
  if (auto wrong = out_of_range(option, *value, text)) return wrong;
  field = static_cast<int>(*value);
  return std::nullopt;
}

std::optional<std::string> read(const Option&, const std::string& text, bool& field) {
  if (text != "true" && text != "false") return "'" + text + "' is not true or false";
  field = text == "true";
  return std::nullopt;
}

std::optional<std::string> read(const Option& option, const std::string& text, Millis& field) {
  const auto value = parse_duration(text);
  if (!value) return value.error();
  if (auto wrong = out_of_range(option, value->count(), text)) return wrong;
  field = *value;
  return std::nullopt;
}

template <class E>
  requires std::is_enum_v<E>
std::optional<std::string> read(const Option&, const std::string& text, E& field) {
  const auto names = words(E{});
  const auto* found = std::ranges::find(names, std::string_view(text));
  if (found == names.end()) return "'" + text + "' is not one of " + joined_words<E>(", ");
  field = static_cast<E>(found - names.begin());
  return std::nullopt;
}

std::optional<std::string> read(const Option& option, const List& entries, List& field) {
  for (const auto& entry : entries)
    if (auto wrong = option.check(entry); !wrong.empty()) return wrong;
  field = entries;
  return std::nullopt;
}

std::optional<std::string> read(const Option& option, const std::string& text, List& field) {
  return read(option, split(text, ','), field);
}

std::optional<std::string> read(const Option& option, Map entries, Map& field) {
  std::ranges::sort(entries);
  for (const auto& [key, value] : entries)
    if (auto wrong = option.check(key + "=" + value); !wrong.empty()) return wrong;
  const auto twice = std::ranges::adjacent_find(entries, {}, [](const auto& entry) { return entry.first; });
  if (twice != entries.end()) return "'" + twice->first + "' is given twice";
  field = std::move(entries);
  return std::nullopt;
}

std::optional<std::string> read(const Option& option, const std::string& text, Map& field) {
  Map entries;
  for (const auto& entry : split(text, ',')) {
    const auto equals = entry.find('=');
    if (equals == std::string::npos) return "'" + entry + "' is not key=value";
    entries.emplace_back(entry.substr(0, equals), entry.substr(equals + 1));
  }
  return read(option, std::move(entries), field);
}

// A source gave a shape that this field cannot have.
template <class T>
std::optional<std::string> read(const Option& option, const List&, T&) {
  return "expected " + form_of(option) + ", found a list";
}
template <class T>
std::optional<std::string> read(const Option& option, const Map&, T&) {
  return "expected " + form_of(option) + ", found a map";
}

struct Print {
  Raw operator()(const std::string& v) const { return v; }
  Raw operator()(const List& v) const { return v; }
  Raw operator()(const Map& v) const { return v; }
  Raw operator()(int v) const { return std::to_string(v); }
  Raw operator()(std::int64_t v) const { return print_size(v); }
  Raw operator()(bool v) const { return std::string(v ? "true" : "false"); }
  Raw operator()(Millis v) const { return print_duration(v); }
  template <class E>
    requires std::is_enum_v<E>
  Raw operator()(E v) const {
    return std::string(words(v)[static_cast<std::size_t>(v)]);
  }
};

struct Form {
  const Option& option;
  std::string operator()(Access<std::string>) const {
    return option.path == "node.name" || option.path == "cluster" ? "NAME" : "ADDRESS";
  }
  std::string operator()(Access<int>) const { return "NUMBER"; }
  std::string operator()(Access<std::int64_t>) const { return "SIZE"; }
  std::string operator()(Access<bool>) const { return "true|false"; }
  std::string operator()(Access<Millis>) const { return "DURATION"; }
  std::string operator()(Access<List>) const { return "ADDRESS,..."; }
  std::string operator()(Access<Map>) const { return "KEY=VALUE,..."; }
  template <class E>
  std::string operator()(Access<E>) const {
    return joined_words<E>("|");
  }
};

std::string bound(const Option& option, std::int64_t value) {
  if (std::holds_alternative<Access<Millis>>(option.field)) return print_duration(Millis{value});
  if (std::holds_alternative<Access<std::int64_t>>(option.field)) return print_size(value);
  return std::to_string(value);
}

}  // namespace

std::span<const Option> options() {
  return table;
}

const Option* find_option(std::string_view path) {
  const auto found = std::ranges::find(table, path, &Option::path);
  return found == table.end() ? nullptr : &*found;
}

std::string flag_of(const Option& option) {
  std::string flag = "--" + std::string(option.path);
  std::ranges::replace_if(flag, [](char c) { return c == '.' || c == '_'; }, '-');
  return flag;
}

std::string variable_of(const Option& option) {
  std::string name = "RINGSIDE_" + std::string(option.path);
  for (char& c : name) c = c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

std::string form_of(const Option& option) {
  return std::visit(Form{option}, option.field);
}

std::string range_of(const Option& option) {
  const bool open = option.range.most == any.most;
  if (open && option.range.least == any.least) return "";
  if (open) return "at least " + bound(option, option.range.least);
  return bound(option, option.range.least) + " to " + bound(option, option.range.most);
}

bool is_list(const Option& option) {
  return std::holds_alternative<Access<List>>(option.field);
}
bool is_map(const Option& option) {
  return std::holds_alternative<Access<Map>>(option.field);
}
bool is_boolean(const Option& option) {
  return std::holds_alternative<Access<bool>>(option.field);
}

std::optional<std::string> assign(const Option& option, Config& config, const Raw& raw) {
  return std::visit([&](auto access, const auto& value) { return read(option, value, access(config)); },
                    option.field, raw);
}

Raw value_of(const Option& option, const Config& config) {
  Config copy = config;  // Access wants a mutable Config; values are read at start only
  return std::visit([&](auto access) { return Print{}(access(copy)); }, option.field);
}

}  // namespace ringside::config
