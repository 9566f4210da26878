// events, logs: what happens, or has happened, at a node, a line for each. With -f the stream of events is
// followed over reconnects: the id of the last event goes along, so that none is told twice and none is
// missed. A log has no such numbers, and ends with its node.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>

#include "daemon/base/limits.hpp"
#include "daemon/base/text.hpp"
#include "daemon/cli/api_client.hpp"
#include "daemon/cli/output.hpp"
#include "daemon/cli/verb.hpp"
#include "proto/http/message.hpp"

namespace ringside::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr Millis before_reconnect{1000};
constexpr Millis silence_max = 3 * Millis(limits::event_comment_time);
constexpr std::chrono::hours silence_of_a_log{24};
constexpr const char* no_end = "1000000000000";

std::string text(const Json& json, const char* name) {
  return json.at(name).get<std::string>();
}

// What part of the hash space a list of ranges is.
std::string part_of(const Json& ranges) {
  double hashes = 0;
  for (const Json& range : ranges)
    hashes += static_cast<double>(std::stoul(text(range, "to"), nullptr, 16)) -
              static_cast<double>(std::stoul(text(range, "from"), nullptr, 16)) + 1;
  const long tenths = std::lround(hashes / 4294967296.0 * 1000);
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + "%";
}

std::string member_line(const Json& data) {
  std::string line = text(data, "name") + " at " + text(data, "address") + ", " + text(data, "status");
  if (text(data, "app") == "down") line += ", app down";
  if (!data.at("before").is_null() && data.at("before") != data.at("status"))
    line += ", was " + text(data, "before");
  return line;
}

std::string ring_line(const Json& data) {
  std::string line = "version " + std::to_string(data.at("version").get<std::uint64_t>());
  for (const Json& cause : data.at("cause")) line += ", " + text(cause, "name") + " " + text(cause, "change");
  return line + ", gained " + part_of(data.at("gained")) + ", lost " + part_of(data.at("lost"));
}

std::string state_line(const Json& data) {
  return text(data, "name") + " is " + text(data, "phase") + ", ring version " +
         std::to_string(data.at("ring").at("version").get<std::uint64_t>()) + ", " +
         std::to_string(data.at("members").size()) + " known";
}

std::string line_of(std::string_view type, const Json& data) {
  if (type == "reset") return state_line(data);
  if (type == "ring-changed") return ring_line(data);
  if (type.starts_with("member-")) return member_line(data);
  if (type.starts_with("partition-"))
    return std::to_string(data.at("faulty").get<int>()) + " of the other members are given up, " +
           std::to_string(data.at("living").get<int>()) + " are there";
  if (data.contains("state"))
    return text(data, "state") + (data.contains("reason") ? ": " + text(data, "reason") : "");
  return "";
}

// Server-sent events, in pieces as they come (WHATWG HTML 9.2.6, as far as ringside writes it).
class Reader {
 public:
  Reader(Terminal& terminal, bool json, std::int64_t most) : terminal_(terminal), json_(json), most_(most) {}

  void take(std::string_view piece) {
    buffer_ += piece;
    for (auto end = buffer_.find('\n'); end != std::string::npos; end = buffer_.find('\n')) {
      line(std::string_view(buffer_).substr(0, end));
      buffer_.erase(0, end + 1);
    }
  }
  void connected() {
    buffer_.clear();
    id_ = last_id_;
    type_.clear();
    data_.clear();
  }
  [[nodiscard]] const std::string& last_id() const { return last_id_; }
  [[nodiscard]] std::int64_t printed() const { return printed_; }  // without what tells the state

 private:
  void line(std::string_view text) {
    if (text.empty()) return finish();
    if (text.starts_with("id: ")) id_ = text.substr(4);
    if (text.starts_with("event: ")) type_ = text.substr(7);
    if (text.starts_with("data: ")) data_ = text.substr(6);
  }

  void finish() {
    last_id_ = id_;
    if (!type_.empty() && (printed_ < most_ || type_ == "reset")) print(Json::parse(data_));
    if (!type_.empty() && type_ != "reset") ++printed_;
    type_.clear();
    data_.clear();
  }

  void print(const Json& data) {
    if (json_) {
      terminal_.out << Json{{"id", last_id_}, {"type", type_}, {"data", data}}.dump() << "\n" << std::flush;
      return;
    }
    std::string line = text(data, "at") + "  " + type_;
    const std::string more = line_of(type_, data);
    if (!more.empty()) line += std::string(type_.size() < 15 ? 15 - type_.size() : 1, ' ') + more;
    for (char& c : line)
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
    terminal_.out << line << "\n" << std::flush;
  }

  Terminal& terminal_;
  bool json_;
  std::int64_t most_, printed_ = 0;
  std::string buffer_, id_, type_, data_, last_id_;
};

// The lines of a log, in pieces as they come. As JSON, one of plain text is an object with this line alone.
class Lines {
 public:
  Lines(Terminal& terminal, bool json) : terminal_(terminal), json_(json) {}

  void take(std::string_view piece) {
    if (!json_) {
      if (piece != "\n") terminal_.out << piece << std::flush;  // an empty log is one
      return;
    }
    buffer_ += piece;
    for (auto end = buffer_.find('\n'); end != std::string::npos; end = buffer_.find('\n')) {
      const std::string line = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      if (line.empty()) continue;
      const bool is_json = Json::parse(line, nullptr, false).is_object();
      terminal_.out << (is_json ? line
                                : Json{{"line", line}}.dump(-1, ' ', false, Json::error_handler_t::replace))
                    << "\n"
                    << std::flush;
    }
  }

 private:
  Terminal& terminal_;
  bool json_;
  std::string buffer_;
};

}  // namespace

int events(Terminal& terminal, const Arguments& arguments) {
  const auto api = api_address(terminal, arguments);
  if (!api) return fail(terminal, usage, api.error());
  const bool follow = arguments.has("--follow");
  const auto most = parse_integer(arguments.get("--count").value_or(no_end));
  if (!most || *most < 1) return fail(terminal, usage, "--count is a number from 1 on");
  const auto time = parse_duration(arguments.get("--for").value_or("87600h"));
  if (!time || *time <= Millis{}) return fail(terminal, usage, "--for is a duration, e.g. 30s");
  const Instant end = terminal.now() + *time;
  HttpRequest request =
      request_for(terminal, std::string("/v1/events?follow=") + (follow ? "true" : "false"));
  if (const auto types = arguments.get("--types")) request.target += "&types=" + http::percent_encode(*types);
  const Fields fields = request.fields;
  Reader reader(terminal, !for_people(arguments), *most);
  bool told = false;  // that the connection is gone
  for (bool met = false;; met = true) {
    request.fields = fields;
    if (!reader.last_id().empty()) request.fields.emplace_back("Last-Event-ID", reader.last_id());
    reader.connected();
    bool good = false;
    std::string refusal;
    const auto over = [&] { return reader.printed() >= *most || terminal.now() >= end; };
    const auto response = fetch(*api, request, follow ? silence_max : ask_timeout,
                                {.head =
                                     [&](const HttpResponse& head) {
                                       good = head.status == 200;
                                       if (good) told = false;
                                     },
                                 .body =
                                     [&](std::string_view piece) {
                                       if (good)
                                         reader.take(piece);
                                       else
                                         refusal += piece;
                                     },
                                 .over = over,
                                 .end = end});
    if (over()) return ok;
    if (response && !good && response->status != 503) {
      HttpResponse whole = *response;
      whole.body = refusal;
      return fail(terminal, failed, problem_text(whole));
    }
    if (!follow && response && good) return ok;
    if (!follow || (!met && !good)) {
      if (response) return fail(terminal, failed, "the node takes no more subscriptions; try again later");
      return fail(terminal, exit_of(response.error()), response.error().text);
    }
    if (!std::exchange(told, true))
      terminal.err << "ringside: the stream of " << api->address.to_string()
                   << " has ended; trying to go on where it did\n"
                   << std::flush;
    terminal.sleep(std::min<Duration>(before_reconnect, end - terminal.now()));
    if (over()) return ok;
  }
}

int logs(Terminal& terminal, const Arguments& arguments) {
  const auto api = api_address(terminal, arguments);
  if (!api) return fail(terminal, usage, api.error());
  const bool follow = arguments.has("--follow");
  const std::string level = arguments.get("--level").value_or("info");
  const HttpRequest request =
      request_for(terminal, std::string("/v1/logs?follow=") + (follow ? "true" : "false") +
                                "&level=" + http::percent_encode(level));
  Lines lines(terminal, !for_people(arguments));
  bool good = false;
  std::string refusal;
  const auto response = fetch(*api, request, follow ? Millis(silence_of_a_log) : ask_timeout,
                              {.head = [&](const HttpResponse& head) { good = head.status == 200; },
                               .body =
                                   [&](std::string_view piece) {
                                     if (good)
                                       lines.take(piece);
                                     else
                                       refusal += piece;
                                   }});
  if (!response) return fail(terminal, exit_of(response.error()), response.error().text);
  if (good) return ok;
  HttpResponse whole = *response;
  whole.body = refusal;
  return fail(terminal, failed, problem_text(whole));
}

}  // namespace ringside::cli
