// bench: what a running ringside and the apps behind it take: load on one node for a time, for keys by
// chance, and what came of it.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "daemon/base/limits.hpp"
#include "daemon/base/rng.hpp"
#include "daemon/base/text.hpp"
#include "daemon/cli/api_client.hpp"
#include "daemon/cli/load.hpp"
#include "daemon/cli/output.hpp"
#include "daemon/cli/progress.hpp"
#include "daemon/cli/render.hpp"
#include "daemon/cli/verb.hpp"
#include "proto/http/syntax.hpp"

namespace ringside::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t seed = 1;      // of the keys: the same ones each time
constexpr int lines_of_progress = 10;  // where there is no terminal

struct Wishes {
  Load load;
  std::string method, path;
  std::uint64_t keys = 1;
};

// A whole number of a flag within its range, or one sentence.
Result<std::int64_t, std::string> number(const Arguments& arguments, const char* flag, const char* usual,
                                         std::int64_t most) {
  const auto value = parse_integer(arguments.get(flag).value_or(usual));
  if (!value || *value < 1 || *value > most)
    return std::string(flag) + " is a number from 1 to " + std::to_string(most);
  return *value;
}

Result<Wishes, std::string> read_wishes(const Arguments& arguments) {
  Wishes wishes;
  const auto connections = number(arguments, "--connections", "16", limits::bench_connections);
  if (!connections) return connections.error();
  wishes.load.connections = static_cast<int>(*connections);
  const auto keys = number(arguments, "--keys", "10000", limits::bench_keys);
  if (!keys) return keys.error();
  wishes.keys = static_cast<std::uint64_t>(*keys);
  const auto time = parse_duration(arguments.get("--duration").value_or("10s"));
  if (!time || *time <= Millis{0} || *time > limits::bench_time_max)
    return "--duration is a time of up to " + print_duration(limits::bench_time_max) + ", e.g. 30s";
  wishes.load.time = *time;
  wishes.method = arguments.get("--method").value_or("GET");
  if (wishes.method.empty() || !http::all_of(wishes.method, http::token_byte))
    return "--method is a word like GET, not '" + wishes.method + "'";
  wishes.load.to_head = wishes.method == "HEAD";
  wishes.path = arguments.get("--path").value_or("/");
  const bool plain = std::ranges::all_of(
      wishes.path, [](char c) { return static_cast<unsigned char>(c) > ' ' && c != 0x7F; });
  if (!wishes.path.starts_with('/') || !plain)
    return "--path starts with a slash and has no blanks, not '" + wishes.path + "'";
  return wishes;
}

// Is there a node that forwards? Else all that would be measured is its refusals.
std::optional<int> not_ready(Terminal& terminal, const Endpoint& at) {
  const auto answer = fetch(at, request_for(terminal, "/v1/outboundz"), ask_timeout);
  if (!answer) return fail(terminal, exit_of(answer.error()), answer.error().text);
  if (answer->status == 204) return std::nullopt;
  return fail(terminal, failed, "the node does not forward yet; `ringside wait --for outbound` waits for it");
}

std::uint64_t per_second(std::uint64_t requests, Duration time) {
  const auto millis = std::max<std::int64_t>(1, std::chrono::duration_cast<Millis>(time).count());
  return requests * 1000 / static_cast<std::uint64_t>(millis);
}

Json report(const Tally& tally, Duration time) {
  const auto& times = tally.latencies;
  return {{"requests", tally.requests},
          {"failed", tally.failed},
          {"duration", print_duration(std::chrono::duration_cast<Millis>(time))},
          {"per_second", per_second(tally.requests, time)},
          {"latency",
           {{"p50", print_measured(times.at(500))},
            {"p90", print_measured(times.at(900))},
            {"p99", print_measured(times.at(990))},
            {"max", print_measured(times.longest())}}},
          {"results", tally.results},
          {"owners", tally.owners}};
}

std::string counted(const char* title, const Json& counts) {
  std::uint64_t all = 0;
  for (const Json& count : counts) all += count.get<std::uint64_t>();
  std::vector<std::vector<std::string>> rows{{title, "REQUESTS", "SHARE"}};
  for (const auto& [what, count] : counts.items()) {
    const auto thousandths = (count.get<std::uint64_t>() * 1000 + all / 2) / std::max<std::uint64_t>(all, 1);
    rows.push_back({what, count.dump(),
                    std::to_string(thousandths / 10) + "." + std::to_string(thousandths % 10) + "%"});
  }
  return "\n" + table(rows);
}

std::string render(const Json& done) {
  const Json& latency = done.at("latency");
  std::string times;
  for (const auto& [name, time] : latency.items())
    times += (times.empty() ? "" : ", ") + name + " " + time.get<std::string>();
  std::string out =
      table({{"requests", done.at("requests").dump() + " in " + done.at("duration").get<std::string>() +
                              ", " + done.at("per_second").dump() + " a second"},
             {"latency", times}});
  out += counted("RESULT", done.at("results"));
  if (!done.at("owners").empty()) out += counted("OWNER", done.at("owners"));
  return out;
}

}  // namespace

int bench(Terminal& terminal, const Arguments& arguments) {
  const auto api = api_address(terminal, arguments);
  if (!api) return fail(terminal, usage, api.error());
  if (api->tls)
    return fail(terminal, usage,
                "bench speaks no TLS, which would be a part of what it measures; name a listener without");
  auto wishes = read_wishes(arguments);
  if (!wishes) return fail(terminal, usage, wishes.error());
  if (const auto exit = not_ready(terminal, *api)) return *exit;

  Load& load = wishes->load;
  load.at = api->address;
  Rng rng(seed);
  HttpRequest request = request_for(terminal, "");
  request.method = wishes->method;
  request.has_body = request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
  request.keep_alive = true;
  load.next = [&] {
    request.target = "/v1/route/key:" + std::to_string(rng.below(wishes->keys)) + wishes->path;
    return serialize(api->address, request);
  };
  Progress progress(terminal);
  const Duration between = terminal.live ? Duration{} : load.time / lines_of_progress;
  Duration shown{};
  const Tally tally = put_load(load, [&](const Tally& now, Duration passed) {
    if (passed < shown + between || passed >= load.time) return;
    shown = passed;
    progress.show(std::to_string(now.requests) + " requests, " +
                      std::to_string(per_second(now.requests, passed)) + " a second, " +
                      std::to_string(now.failed) + " failed",
                  print_duration(std::chrono::round<std::chrono::seconds>(load.time - passed)) + " left");
  });
  progress.done("");
  const Json done = report(tally, load.time);
  print(terminal, arguments, done.dump(), "", [&](const std::string&) { return render(done); });
  return tally.failed == 0 && tally.requests > 0 ? ok : failed;
}

}  // namespace ringside::cli
