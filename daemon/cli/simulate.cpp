// simulate: a cluster of the production core in virtual time, with the user's settings. No daemon is asked.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "daemon/base/limits.hpp"
#include "daemon/base/text.hpp"
#include "daemon/cli/output.hpp"
#include "daemon/cli/verb.hpp"
#include "daemon/config/load.hpp"
#include "daemon/config/show.hpp"
#include "daemon/config/swim_config.hpp"
#include "daemon/sim/scenario.hpp"

namespace ringside::cli {
namespace {

using Json = nlohmann::ordered_json;
using namespace std::chrono_literals;

constexpr std::uint64_t nodes_max = 4096;
constexpr std::uint64_t minutes_max = 7 * 24 * 60;
constexpr Duration churn_least = 100ms;
constexpr std::uint64_t addresses = 60'000;  // that a simulated network has

// Takes the flags one by one; the first that makes no sense leaves a sentence in `error`.
struct Reader {
  const Arguments& arguments;
  std::string error;

  void wrong(std::string sentence) {
    if (error.empty()) error = std::move(sentence);
  }

  std::uint64_t number(std::string_view flag, std::uint64_t otherwise, std::uint64_t least,
                       std::uint64_t most) {
    const auto text = arguments.get(flag);
    if (!text) return otherwise;
    std::uint64_t number = 0;
    const char* end = text->data() + text->size();
    const auto read = std::from_chars(text->data(), end, number);
    if (read.ec != std::errc() || read.ptr != end || number < least || number > most)
      wrong(std::string(flag) + " takes a whole number from " + std::to_string(least) + " to " +
            std::to_string(most) + ", not '" + *text + "'");
    return number;
  }

  // "5%", "0.5%" or "5", in thousandths.
  std::uint32_t share(std::string_view flag) {
    const auto text = arguments.get(flag);
    if (!text) return 0;
    double percent = -1;
    const char* end = text->data() + text->size() - (text->ends_with('%') ? 1 : 0);
    const auto read = std::from_chars(text->data(), end, percent);
    if (read.ec != std::errc() || read.ptr != end || !(percent >= 0 && percent < 100)) {
      wrong(std::string(flag) + " takes a share such as 5% or 0.1%, not '" + *text + "'");
      return 0;
    }
    const auto per_mille = std::lround(percent * 10);
    if (std::abs(percent * 10 - static_cast<double>(per_mille)) > 1e-6)
      wrong(std::string(flag) + " goes by tenths of a percent, which '" + *text + "' is not");
    return static_cast<std::uint32_t>(per_mille);
  }

  std::optional<Duration> churn(std::size_t nodes) {
    const auto text = arguments.get("--churn");
    if (!text) return std::nullopt;
    const auto every = parse_duration(*text);
    if (!every || *every < churn_least || nodes < 3) {
      wrong("--churn takes a time of at least 100ms, and three nodes or more, not '" + *text + "'");
      return std::nullopt;
    }
    return *every;
  }

  // "40/60@30s" or "40/60@30s+2m".
  std::optional<sim::Scenario::Partition> partition(std::size_t nodes, Duration time) {
    const auto text = arguments.get("--partition");
    if (!text) return std::nullopt;
    const std::string sentence =
        "--partition takes shares that add up to 100 and times, 40/60@30s or 50/50@1m+20s, not '" + *text +
        "'";
    unsigned one = 0, other = 0;
    int read = 0;
    const int fields = std::sscanf(text->c_str(), "%3u/%3u@%n", &one, &other, &read);
    if (fields != 2 || read == 0 || one == 0 || other == 0 || one + other != 100) {
      wrong(sentence);
      return std::nullopt;
    }
    const std::string times = text->substr(static_cast<std::size_t>(read));
    const auto plus = times.find('+');
    const auto at = parse_duration(times.substr(0, plus));
    const auto lasts = parse_duration(plus == times.npos ? "30s" : times.substr(plus + 1));
    if (!at || !lasts) {
      wrong(sentence);
      return std::nullopt;
    }
    if (*at % 1s != 0s || *lasts % 1s != 0s || *lasts == 0s)
      wrong("--partition goes by whole seconds, which '" + times + "' does not");
    else if (*at + *lasts >= time)
      wrong("--partition " + *text + " is not over before the end of the run (--minutes)");
    else if (nodes * one / 100 == 0)
      wrong("--partition " + *text + " cuts nobody off from the others: there are " + std::to_string(nodes) +
            " nodes");
    return sim::Scenario::Partition{one, *at, *lasts};
  }
};

Result<sim::Scenario, std::string> read_scenario(const Arguments& arguments, const config::Config& config) {
  Reader reader{arguments, {}};
  sim::Scenario scenario;
  scenario.config = config::swim_config(config);
  scenario.ring_points = static_cast<std::uint32_t>(config.ring.points);
  scenario.notice = config.drain.notice;
  scenario.telling = limits::leave_periods * config.gossip.period;
  scenario.nodes = reader.number("--nodes", 10, 1, nodes_max);
  scenario.time = std::chrono::minutes(reader.number("--minutes", 10, 1, minutes_max));
  scenario.seed = reader.number("--seed", 1, 0, UINT64_MAX);
  scenario.loss_per_mille = reader.share("--loss");
  scenario.freeze_per_mille = reader.share("--freeze");
  scenario.partition = reader.partition(scenario.nodes, scenario.time);
  scenario.churn = reader.churn(scenario.nodes);
  if (scenario.churn &&
      scenario.nodes + static_cast<std::uint64_t>(scenario.time / *scenario.churn) > addresses)
    reader.wrong("--churn so often for so long takes more than " + std::to_string(addresses) +
                 " nodes; let them come less often, or make it shorter");
  scenario.kill = reader.number("--kill", 0, 0, std::max<std::size_t>(scenario.nodes, 1) - 1);
  if (!reader.error.empty()) return reader.error;
  return scenario;
}

double seconds(Duration time) {
  return static_cast<double>(std::chrono::duration_cast<Millis>(time).count()) / 1000;
}

Json seconds_or_null(const std::optional<Duration>& time) {
  return time ? Json(seconds(*time)) : Json(nullptr);
}

std::uint64_t bytes_per_second(const sim::Report& report) {
  return report.node_seconds == 0 ? 0 : report.gossip_bytes / report.node_seconds;
}

Json to_json(const sim::Scenario& scenario, const sim::Report& report) {
  Json out;
  out["nodes"] = scenario.nodes;
  out["seed"] = scenario.seed;
  out["simulated_s"] = seconds(report.simulated);
  out["cold_start_s"] = seconds_or_null(report.cold_start);
  out["detections"] = Json::array();
  for (const auto& detection : report.detections) {
    out["detections"].push_back({{"name", detection.name},
                                 {"suspected_s", seconds_or_null(detection.suspected)},
                                 {"first_out_s", seconds_or_null(detection.first)},
                                 {"last_out_s", seconds_or_null(detection.last)}});
  }
  out["joined"] = report.joined;
  out["left"] = report.left;
  out["suspicions"] = report.suspicions;
  out["false_alarms"] = report.false_alarms;
  out["lost_while_unreachable"] = report.unreachable_lost;
  out["gossip_bytes_per_node_and_s"] = bytes_per_second(report);
  out["ring_changes"] = report.ring_changes;
  out["disagreements"] = Json::array();
  for (const auto& stretch : report.disagreements) {
    out["disagreements"].push_back({{"at_s", seconds(stretch.at)},
                                    {"lasts_s", seconds(stretch.lasts)},
                                    {"worst_percent", stretch.worst_per_mille / 10.0}});
  }
  out["agreed_at_end"] = report.agreed_after.has_value();
  out["agreed_after_s"] = seconds_or_null(report.agreed_after);
  out["running_at_end"] = report.running_at_end;
  out["events"] = report.events;
  char hash[17];
  std::snprintf(hash, sizeof hash, "%016llx", static_cast<unsigned long long>(report.trace_hash));
  out["trace_hash"] = hash;
  return out;
}

std::string in_seconds(const Json& value) {
  if (value.is_null()) return "never";
  char text[32];
  std::snprintf(text, sizeof text, "%.1f s", value.get<double>());
  return text;
}

std::string agreement(const Json& report) {
  const Json& after = report["agreed_after_s"];
  if (after.is_null())
    return "do not agree, nor did they " + in_seconds(seconds(sim::settle_limit)) + " later";
  return after.get<double>() > 0 ? "agreed " + in_seconds(after) + " later" : "agree";
}

std::string render(const Json& report) {
  std::string out;
  const auto row = [&out](std::string name, const std::string& value) {
    name.resize(std::max<std::size_t>(name.size() + 2, 26), ' ');
    out += name + value + "\n";
  };
  row("cold start", "all agree after " + in_seconds(report["cold_start_s"]));
  for (const auto& dead : report["detections"]) {
    row(dead["name"].get<std::string>() + " killed",
        "suspected after " + in_seconds(dead["suspected_s"]) + ", out of the first ring after " +
            in_seconds(dead["first_out_s"]) + ", of the last after " + in_seconds(dead["last_out_s"]));
  }
  if (report["joined"] > 0)
    row("churn", report["joined"].dump() + " joined, " + report["left"].dump() + " left");
  row("suspicions", report["suspicions"].dump() + " of nodes that ran and could be reached");
  row("false alarms", report["false_alarms"].dump() + " of them given up; " +
                          report["lost_while_unreachable"].dump() + " given up while frozen or cut off");
  row("gossip", report["gossip_bytes_per_node_and_s"].dump() + " bytes per node and second");
  row("ring changes", report["ring_changes"].dump() + " as seen by all nodes together");
  if (report["disagreements"].empty()) row("owners", "all agreed all the time");
  for (const auto& stretch : report["disagreements"]) {
    row("owners", "from " + in_seconds(stretch["at_s"]) + " for " + in_seconds(stretch["lasts_s"]) +
                      " up to " + stretch["worst_percent"].dump() + " % of answers differ");
  }
  row("at the end", report["running_at_end"].dump() + " nodes run, and they " + agreement(report));
  row("trace", report["trace_hash"].get<std::string>() + ", " + report["events"].dump() + " events");
  return out;
}

}  // namespace

int simulate(Terminal& terminal, const Arguments& arguments) {
  const auto loaded = config::load(arguments.rest, terminal.environment, config::read_file);
  if (!loaded) {
    terminal.err << config::render_problems(loaded.error());
    return usage;
  }
  const auto scenario = read_scenario(arguments, loaded->config);
  if (!scenario) return fail(terminal, usage, scenario.error());
  sim::Watcher watcher;
  watcher.progress = [&](const std::string& line) { terminal.err << line << "\n" << std::flush; };
  if (arguments.has("--trace"))
    watcher.trace = [&](const std::string& line) { terminal.err << line << "\n"; };
  const auto report = to_json(*scenario, sim::run_scenario(*scenario, watcher));
  print(terminal, arguments, report.dump(2), "", [&](const std::string&) { return render(report); });
  return report["agreed_at_end"].get<bool>() ? ok : failed;
}

}  // namespace ringside::cli
