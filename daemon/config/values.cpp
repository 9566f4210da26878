// How the fields of the option table are read from text and written back: one `read` for each type of field.
#include <algorithm>
#include <array>
#include <type_traits>

#include "daemon/base/text.hpp"
#include "daemon/config/options.hpp"
#include "daemon/config/sources.hpp"
#include "daemon/config/webhooks.hpp"

namespace ringside::config {
namespace {

// The words of each enum, in the order of its values.
constexpr std::array<std::string_view, 2> words(ChecksumDialect) {
  return {"go", "node"};
}
constexpr std::array<std::string_view, 2> words(Identity) {
  return {"name", "address"};
}
constexpr std::array<std::string_view, 2> words(GoodbyeStatus) {
  return {"leave", "faulty"};
}
constexpr std::array<std::string_view, 3> words(AppProtocol) {
  return {"http1", "tchannel", "h2c"};
}
constexpr std::array<std::string_view, 2> words(WithoutKey) {
  return {"refuse", "local"};
}
constexpr std::array<std::string_view, 2> words(UpgradeOnMove) {
  return {"close", "keep"};
}
constexpr std::array<std::string_view, 3> words(ForwardCheck) {
  return {"key", "view", "none"};
}
constexpr std::array<std::string_view, 3> words(TlsMode) {
  return {"auto", "certs", "off"};
}
constexpr std::array<std::string_view, 3> words(PlainPeers) {
  return {"refuse", "accept", "dial"};
}
constexpr std::array<std::string_view, 3> words(ForwardedFields) {
  return {"replace", "append", "off"};
}
constexpr std::array<std::string_view, 2> words(LogFormat) {
  return {"text", "json"};
}
constexpr std::array<std::string_view, 2> words(AccessLogFormat) {
  return {"json", "common"};
}
constexpr std::array<std::string_view, 2> words(Traceparent) {
  return {"pass", "make"};
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

std::optional<std::string> read(const Option& option, const std::string& text, Percent& field) {
  const auto value =
      parse_integer(std::string_view(text).substr(0, text.size() - (text.ends_with('%') ? 1 : 0)));
  if (!text.ends_with('%') || !value) return "'" + text + "' is not a share such as 20%";
  if (auto wrong = out_of_range(option, *value, text)) return wrong;
  field.value = static_cast<int>(*value);
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

std::optional<std::string> read(const Option&, const routes::Rules& rules, routes::Rules& field) {
  field = rules;
  return std::nullopt;
}

std::optional<std::string> read(const Option&, const std::string& text, routes::Rules& field) {
  auto found = read_routes(text);
  if (found.problems.empty()) {
    field = std::move(found.rules);
    return std::nullopt;
  }
  const auto& first = found.problems.front();
  return first.message + (first.suggestion.empty() ? "" : "; " + first.suggestion);
}

std::optional<std::string> read(const Option&, const Webhooks& webhooks, Webhooks& field) {
  field = webhooks;
  return std::nullopt;
}

std::optional<std::string> read(const Option&, const std::string& text, Webhooks& field) {
  auto found = read_webhooks(text);
  if (found.problems.empty()) {
    field = std::move(found.webhooks);
    return std::nullopt;
  }
  const auto& first = found.problems.front();
  return first.message + (first.suggestion.empty() ? "" : "; " + first.suggestion);
}

// A source gave a shape that this field cannot have.
template <class T>
std::optional<std::string> read(const Option& option, const Webhooks&, T&) {
  return "expected " + form_of(option) + ", found webhooks";
}
template <class T>
std::optional<std::string> read(const Option& option, const routes::Rules&, T&) {
  return "expected " + form_of(option) + ", found routes";
}
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
  Raw operator()(const routes::Rules& v) const { return v; }
  Raw operator()(const Webhooks& v) const { return v; }
  Raw operator()(int v) const { return std::to_string(v); }
  Raw operator()(std::int64_t v) const { return print_size(v); }
  Raw operator()(bool v) const { return std::string(v ? "true" : "false"); }
  Raw operator()(Millis v) const { return print_duration(v); }
  Raw operator()(Percent v) const { return std::to_string(v.value) + "%"; }
  template <class E>
    requires std::is_enum_v<E>
  Raw operator()(E v) const {
    return std::string(words(v)[static_cast<std::size_t>(v)]);
  }
};

struct Form {
  const Option& option;
  std::string operator()(Access<std::string>) const { return option.unit; }
  std::string operator()(Access<int>) const { return "NUMBER"; }
  std::string operator()(Access<std::int64_t>) const { return "SIZE"; }
  std::string operator()(Access<bool>) const { return "true|false"; }
  std::string operator()(Access<Millis>) const { return "DURATION"; }
  std::string operator()(Access<Percent>) const { return "SHARE"; }
  std::string operator()(Access<List>) const { return std::string(option.unit) + ",..."; }
  std::string operator()(Access<Map>) const { return "KEY=VALUE,..."; }
  std::string operator()(Access<routes::Rules>) const { return "[{match: PATH, key: KEY, ...}, ...]"; }
  std::string operator()(Access<Webhooks>) const { return "[{url: URL, types: [...], ...}, ...]"; }
  template <class E>
  std::string operator()(Access<E>) const {
    return joined_words<E>("|");
  }
};

std::string bound(const Option& option, std::int64_t value) {
  if (std::holds_alternative<Access<Millis>>(option.field)) return print_duration(Millis{value});
  if (std::holds_alternative<Access<std::int64_t>>(option.field)) return print_size(value);
  if (std::holds_alternative<Access<Percent>>(option.field)) return std::to_string(value) + "%";
  return std::to_string(value);
}

}  // namespace

std::string form_of(const Option& option) {
  return std::visit(Form{option}, option.field);
}

std::string range_of(const Option& option) {
  const bool open = option.range.most == Range{}.most;
  if (open && option.range.least == Range{}.least) return "";
  if (open) return "at least " + bound(option, option.range.least);
  return bound(option, option.range.least) + " to " + bound(option, option.range.most);
}

bool is_list(const Option& option) {
  return std::holds_alternative<Access<List>>(option.field);
}
bool is_map(const Option& option) {
  return std::holds_alternative<Access<Map>>(option.field);
}
bool is_routes(const Option& option) {
  return std::holds_alternative<Access<routes::Rules>>(option.field);
}
bool is_webhooks(const Option& option) {
  return std::holds_alternative<Access<Webhooks>>(option.field);
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
