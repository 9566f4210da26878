#include "daemon/api/ringpop_trace.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <nlohmann/json.hpp>

#include "daemon/api/json_depth.hpp"
#include "daemon/base/address.hpp"
#include "daemon/base/limits.hpp"

namespace ringside::api {
namespace {

using Json = nlohmann::json;
using Problem = std::string;  // empty: none

constexpr std::string_view event_name = "membership.checksum.update";
constexpr const char* default_target = "/trace/membership.checksum.update";

// "host-port" and "host_port" are "hostPort".
std::string camel_case(const std::string& key) {
  std::string out;
  bool raise = false;
  for (const char c : key) {
    if (c == '-' || c == '_') {
      raise = true;
      continue;
    }
    out += raise ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
    raise = false;
  }
  return out;
}

Json with_camel_case(const Json& object) {
  Json out = Json::object();
  for (const auto& [key, value] : object.items())
    out[camel_case(key)] = value.is_object() ? with_camel_case(value) : value;
  return out;
}

Problem invalid(std::string_view option, std::string_view reason) {
  return "`" + std::string(option) + "` option is invalid because " + std::string(reason);
}

// A text of the sink, or `otherwise` when it is not there.
Problem read_text(const Json& sink, const char* key, const char* otherwise, std::string& out) {
  out = otherwise;
  if (!sink.contains(key)) return "";
  if (!sink[key].is_string()) return invalid(key, "it is no text");
  out = sink[key].get<std::string>();
  return out.empty() || out.size() > limits::trace_text_bytes ? invalid(key, "it is empty or too long") : "";
}

Problem read_log_sink(const Json& json, TraceSink& out) {
  constexpr std::array<std::string_view, 5> levels{"trace", "debug", "info", "warn", "error"};
  std::string level;
  if (auto wrong = read_text(json, "message", default_target, out.message); !wrong.empty()) return wrong;
  if (auto wrong = read_text(json, "level", "info", level); !wrong.empty()) return wrong;
  const auto* found = std::ranges::find(levels, std::string_view(level));
  if (found == levels.end()) return invalid("level", "it is not trace, debug, info, warn or error");
  out.level = static_cast<obs::Level>(found - levels.begin());
  return "";
}

Problem read_tchannel_sink(const Json& json, TraceSink& out) {
  if (auto wrong = read_text(json, "hostPort", "", out.address); !wrong.empty()) return wrong;
  if (auto wrong = read_text(json, "serviceName", "ringpop", out.service); !wrong.empty()) return wrong;
  if (auto wrong = read_text(json, "endpoint", default_target, out.endpoint); !wrong.empty()) return wrong;
  const auto address = parse_address(out.address);
  if (!address || address->is_unix() || address->port == 0) return invalid("hostPort", "it is no host:port");
  return "";
}

Problem read_sink(const Json& json, TraceSink& out) {
  if (!json.contains("sink") || !json["sink"].is_object()) return invalid("sink", "it is missing");
  const Json& sink = json["sink"];
  std::string type;
  if (auto wrong = read_text(sink, "type", "", type); !wrong.empty()) return wrong;
  if (type == "log") return read_log_sink(sink, out);
  out.kind = TraceSink::Kind::tchannel;
  return type == "tchannel" ? read_tchannel_sink(sink, out) : invalid("sink", "its type is unknown");
}

Problem read_event(std::string_view body, Json& out) {
  if (nests_too_deep(body)) return invalid("opts", "they nest too deep");
  const auto raw = Json::parse(body, nullptr, false);
  if (!raw.is_object()) return invalid("opts", "is missing");
  out = with_camel_case(raw);
  return out.contains("event") && out["event"] == event_name ? "" : invalid("event", "it is unknown");
}

Problem read_end(const Json& json, WallTime now, WallTime& until) {
  const bool in = json.contains("expiresIn");
  const char* key = in ? "expiresIn" : "expiresAt";
  if (in == json.contains("expiresAt"))
    return invalid("expires", "must specify exactly one of expiresAt, expiresIn");
  if (!json[key].is_number_unsigned()) return invalid(key, "it is no number of milliseconds");
  constexpr auto longest = static_cast<std::uint64_t>(Millis(limits::trace_time).count());
  const auto now_ms = static_cast<std::uint64_t>(now.time_since_epoch().count());
  const auto given = json[key].get<std::uint64_t>();
  const std::uint64_t left = in ? given : given - std::min(given, now_ms);
  if (left > longest) return invalid(key, "it is more than 24 hours away");
  until = now + Millis(static_cast<std::int64_t>(left));
  return "";
}

}  // namespace

Result<TraceOrder, std::string> read_trace_order(std::string_view body, WallTime now) {
  TraceOrder order;
  Json json;
  if (auto wrong = read_event(body, json); !wrong.empty()) return wrong;
  if (auto wrong = read_end(json, now, order.until); !wrong.empty()) return wrong;
  if (auto wrong = read_sink(json, order.sink); !wrong.empty()) return wrong;
  return order;
}

Result<TraceSink, std::string> read_trace_sink(std::string_view body) {
  TraceSink sink;
  Json json;
  if (auto wrong = read_event(body, json); !wrong.empty()) return wrong;
  if (auto wrong = read_sink(json, sink); !wrong.empty()) return wrong;
  return sink;
}

std::string trace_report(std::string_view self, WallTime now, std::uint32_t checksum, const View& view) {
  Json counts = Json::object();
  for (const auto status : {ringpop::Status::alive, ringpop::Status::suspect, ringpop::Status::faulty,
                            ringpop::Status::leave, ringpop::Status::tombstone})
    counts[std::string(ringpop::to_string(status))] =
        std::ranges::count(view.members, status, &MemberView::status);
  const Json report{{"id", self},
                    {"address", self},
                    {"timestamp", now.time_since_epoch().count()},
                    {"checksum", checksum},
                    {"membershipStatusCounts", counts}};
  return report.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace ringside::api
