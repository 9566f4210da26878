// top: what one node does, again and again: requests and errors a second, and its members. A picture on a
// terminal, else one line each time.
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>

#include "daemon/base/text.hpp"
#include "daemon/cli/api_client.hpp"
#include "daemon/cli/output.hpp"
#include "daemon/cli/render.hpp"
#include "daemon/cli/verb.hpp"

namespace ringside::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr Millis every_least{100};

// One look at a node; of the counters what they have come to since it was started.
struct Look {
  Instant at;
  std::string self, members;  // JSON
  double local = 0, forwarded = 0, received = 0, errors = 0, in_flight = 0;
};

// The sum over all lines of this name that begin like that, labels included.
double sum(const std::vector<std::string>& lines, std::string_view beginning) {
  double all = 0;
  for (const std::string& line : lines)
    if (line.starts_with(beginning)) all += std::strtod(line.c_str() + line.rfind(' '), nullptr);
  return all;
}

Result<Look, Exit> look(Terminal& terminal, const Arguments& arguments) {
  Look now;
  now.at = terminal.now();
  std::string metrics;
  const std::array pages{std::pair("/v1/self", &now.self), std::pair("/v1/members", &now.members),
                         std::pair("/metrics", &metrics)};
  for (const auto& [page, text] : pages) {
    auto answer = ask(terminal, arguments, page);
    if (!answer) return answer.error();
    *text = std::move(*answer);
  }
  const auto lines = split(metrics, '\n');
  now.local = sum(lines, R"(ringside_requests_total{path="local"})");
  now.forwarded = sum(lines, R"(ringside_requests_total{path="forwarded"})");
  now.received = sum(lines, R"(ringside_requests_total{path="received"})");
  now.errors = sum(lines, "ringside_errors_total{");
  now.in_flight = sum(lines, "ringside_requests_in_flight ");
  return now;
}

Json what_happened(const Look& before, const Look& now) {
  const double seconds = std::chrono::duration<double>(now.at - before.at).count();
  // A node that has started anew counts from zero.
  const auto rate = [&](double Look::* counter) {
    const double more = now.*counter - before.*counter;
    return more < 0 || seconds <= 0
               ? 0.0
               : static_cast<double>(static_cast<std::int64_t>(more / seconds * 10 + 0.5)) / 10;
  };
  const Json self = Json::parse(now.self);
  const Json view = Json::parse(now.members);
  Json counts = Json::object();
  for (const Json& member : view.at("members")) {
    const std::string status = member.at("status");
    counts[status] = counts.value(status, 0) + 1;
  }
  return {{"name", self.at("name")},
          {"phase", self.at("phase")},
          {"local_per_s", rate(&Look::local)},
          {"forwarded_per_s", rate(&Look::forwarded)},
          {"received_per_s", rate(&Look::received)},
          {"errors_per_s", rate(&Look::errors)},
          {"in_flight", static_cast<std::int64_t>(now.in_flight)},
          {"members", counts}};
}

std::string line(const Json& seen) {
  std::string members;
  for (const auto& [status, count] : seen.at("members").items())
    members += (members.empty() ? "" : ", ") + count.dump() + " " + status;
  return seen.at("name").get<std::string>() + " " + seen.at("phase").get<std::string>() +
         "; requests a second: " + seen.at("local_per_s").dump() + " for its app, " +
         seen.at("forwarded_per_s").dump() + " passed on, " + seen.at("received_per_s").dump() +
         " from others; errors: " + seen.at("errors_per_s").dump() +
         "; under way: " + seen.at("in_flight").dump() + "; members: " + members;
}

}  // namespace

int top(Terminal& terminal, const Arguments& arguments) {
  const auto every = parse_duration(arguments.get("--every").value_or("2s"));
  if (!every || *every < every_least)
    return fail(terminal, usage,
                "--every is a duration from " + print_duration(every_least) + " on, e.g. 2s");
  const auto times = parse_integer(arguments.get("--times").value_or("0"));
  if (!times || *times < 0)
    return fail(terminal, usage, "--times is how many times to look, e.g. 10; 0: without end");
  const bool picture = &terminal.out == &std::cout && ::isatty(STDOUT_FILENO) == 1;
  auto before = look(terminal, arguments);
  for (std::int64_t i = 0; before && (*times == 0 || i < *times); ++i) {
    terminal.sleep(*every);
    auto now = look(terminal, arguments);
    if (!now) return now.error();
    const Json seen = what_happened(*before, *now);
    if (!for_people(arguments))
      terminal.out << seen.dump() << "\n" << std::flush;
    else if (picture)
      terminal.out << "\x1b[H\x1b[J" << line(seen) << "\n\n" << render_members(now->members) << std::flush;
    else
      terminal.out << line(seen) << "\n" << std::flush;
    before = std::move(now);
  }
  return before ? ok : before.error();
}

}  // namespace ringside::cli
