// drain, leave: out of the ring without losing a request, watched to the end.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "daemon/base/text.hpp"
#include "daemon/cli/api_client.hpp"
#include "daemon/cli/output.hpp"
#include "daemon/cli/progress.hpp"
#include "daemon/cli/verb.hpp"
#include "proto/http/message.hpp"

namespace ringside::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr Millis look_interval{200};

struct Way {
  Terminal& terminal;
  Endpoint at;
  bool json;
};

std::string count(std::int64_t n, const std::string& what) {
  return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
}

std::string in_words(const Json& json) {
  const auto streams = json.at("streams").get<std::int64_t>();
  return json.at("state").get<std::string>() + ": " +
         count(json.at("in_flight").get<std::int64_t>(), "request") +
         (streams == 0 ? "" : " and " + count(streams, "stream")) + " at the app";
}

std::string end_in_words(const Json& json) {
  const auto cut = json.value("cut", std::int64_t{0});
  if (cut == 0) return "nothing is at the app any more";
  return count(cut, "request") + " had not ended in time, and " + (cut == 1 ? "was" : "were") +
         " cut: the app may still be at work";
}

int end_of(const Way& way, Progress& progress, const std::string& body, const std::string& words) {
  progress.done(words);
  if (way.json) way.terminal.out << body;
  return ok;
}

// Until it is drained; or, on its way out, until it answers no more. `body`: what the order was answered.
int follow(const Way& way, std::string body, bool leaving) {
  Progress progress(way.terminal);
  for (;;) {
    const Json json = Json::parse(body);
    const auto state = json.at("state").get<std::string>();
    if (state == "none") {
      progress.done("");
      return fail(way.terminal, failed, "the drain was called off");
    }
    if (state == "drained" && !leaving)
      return end_of(way, progress, body,
                    "drained: " + end_in_words(json) + "; `ringside drain --cancel` brings the node back");
    progress.show(in_words(json), json.at("left").get<std::string>() + " left");
    way.terminal.sleep(look_interval);
    HttpRequest request;
    request.target = "/v1/drain";
    auto response = fetch(way.at, request, ask_timeout);
    if (!response && leaving)
      return end_of(way, progress, body, "left: the node takes no more requests, and ends with its last one");
    if (!response || response->status != 200) {
      progress.done("");
      return response ? fail(way.terminal, failed, problem_text(*response))
                      : fail(way.terminal, exit_of(response.error()), response.error().text);
    }
    body = std::move(response->body);
  }
}

// Empty: it is fine or not there.
std::string fault_in_timeout(const Arguments& arguments) {
  const auto timeout = arguments.get("--timeout");
  if (!timeout) return "";
  const auto parsed = parse_duration(*timeout);
  return parsed ? "" : "--timeout: " + parsed.error();
}

}  // namespace

int drain(Terminal& terminal, const Arguments& arguments) {
  const auto address = api_address(terminal, arguments);
  if (!address) return fail(terminal, usage, address.error());
  if (auto fault = fault_in_timeout(arguments); !fault.empty()) return fail(terminal, usage, fault);
  const Way way{terminal, *address, !for_people(arguments)};
  const auto timeout = arguments.get("--timeout");
  if (arguments.has("--cancel")) {
    if (timeout) return fail(terminal, usage, "--cancel takes no --timeout");
    const auto told = tell(terminal, way.at, "DELETE", "/v1/drain");
    if (!told) return told.error();
    terminal.out << (way.json ? "{\"state\":\"none\"}\n" : "back in the ring\n");
    return ok;
  }
  const auto told = tell(terminal, way.at, "POST", "/v1/drain",
                         timeout ? Json{{"timeout", *timeout}}.dump() : std::string());
  return told ? follow(way, *told, false) : told.error();
}

int leave(Terminal& terminal, const Arguments& arguments) {
  const auto address = api_address(terminal, arguments);
  if (!address) return fail(terminal, usage, address.error());
  if (auto fault = fault_in_timeout(arguments); !fault.empty()) return fail(terminal, usage, fault);
  const Way way{terminal, *address, !for_people(arguments)};
  const auto timeout = arguments.get("--timeout");
  const auto told = tell(terminal, way.at, "POST",
                         "/v1/leave" + (timeout ? "?wait=" + http::percent_encode(*timeout) : ""));
  return told ? follow(way, *told, true) : told.error();
}

}  // namespace ringside::cli
