// The one table of options. A row binds a field of Config to its path in the file, its flag and its variable,
// with range, unit, help and the reason for the default; loading, help, `config show` and
// config/ringside.yaml are all loops over it. The type of the field says how its text is read.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "daemon/config/config.hpp"

namespace ringside::config {

using List = std::vector<std::string>;
using Map = std::vector<std::pair<std::string, std::string>>;
using Webhooks = std::vector<Webhook>;

template <class T>
using Access = T& (*)(Config&);
using Field = std::variant<Access<std::string>, Access<int>, Access<std::int64_t>, Access<bool>,
                           Access<Millis>, Access<Percent>, Access<List>, Access<Map>, Access<routes::Rules>,
                           Access<Webhooks>, Access<ChecksumDialect>, Access<Identity>, Access<GoodbyeStatus>,
                           Access<AppProtocol>, Access<WithoutKey>, Access<UpgradeOnMove>,
                           Access<ForwardCheck>, Access<TlsMode>, Access<PlainPeers>, Access<ForwardedFields>,
                           Access<LogLevel>, Access<LogFormat>, Access<AccessLogFormat>, Access<Traceparent>>;

struct Range {  // inclusive; milliseconds for durations, bytes for sizes
  std::int64_t least = 0;
  std::int64_t most = std::numeric_limits<std::int64_t>::max();
};

struct Option {
  std::string_view path;  // "gossip.suspect_timeout"
  Field field;
  std::string_view help;    // one sentence
  std::string_view reason;  // why the default is what it is; reads on after "Default 5s: "
  Range range = {};         // of numbers, durations and sizes
  // What is wrong with a text, or with one entry of a list or map; an empty answer: nothing.
  std::string (*check)(const std::string&) = nullptr;
  const char* unit = "";          // what a number counts; what a text or an entry is called in the help
  const char* alias = "";         // a second, short flag without dashes; empty: none
  const char* variable = "";      // a second variable, as people call it; empty: none
  const char* alias_prefix = "";  // put before what the alias is given: --app-port 5000 means 127.0.0.1:5000
  bool live = false;              // a reload takes a new value at once; others wait for a restart
  bool own = false;  // a member's own: who and where it is, and its host's places; not in the digest
};

std::span<const Option> options();
const Option* find_option(std::string_view path);

std::string flag_of(const Option&);      // --gossip-suspect-timeout
std::string variable_of(const Option&);  // RINGSIDE_GOSSIP_SUSPECT_TIMEOUT
std::string form_of(const Option&);      // what to write: DURATION, go|node, HOST:PORT,...
std::string range_of(const Option&);     // "10ms to 1m"; empty when anything goes

bool is_list(const Option&);
bool is_map(const Option&);
bool is_routes(const Option&);
bool is_webhooks(const Option&);
bool is_boolean(const Option&);

// A value as a source gives it: one text, or the entries of a list or map ("key=value") already taken apart,
// or routes, or webhooks.
using Raw = std::variant<std::string, List, Map, routes::Rules, Webhooks>;
// Sets the field, or says in one sentence why not and leaves it alone. Lists and maps also take one text with
// commas.
std::optional<std::string> assign(const Option&, Config&, const Raw&);
// The value as assign takes it.
Raw value_of(const Option&, const Config&);

}  // namespace ringside::config
