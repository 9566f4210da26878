// The scrape, read back by a small strict parser of the text format: every metric has help and type, every
// counter of the structs shows up once with its value.
#include "daemon/obs/catalog.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <regex>
#include <set>
#include <sstream>

using namespace ringside::obs;

namespace {

struct Family {
  std::string type, help;
  std::map<std::string, std::string> samples;  // name{labels} -> value
};

// Each family: HELP, TYPE, then its samples and no others.
std::map<std::string, Family> parse(const std::string& text) {
  const std::regex help(R"(^# HELP ([a-z_]+) (\S.*\.)$)"),
      type(R"(^# TYPE ([a-z_]+) (counter|gauge|histogram)$)");
  const std::regex sample(R"re(^(([a-z_]+)(\{[a-z]+="[^"\\\n]*"\})?) (\d[\d.e+-]*)$)re");
  std::map<std::string, Family> families;
  std::string open, helped;
  std::smatch match;
  REQUIRE(text.ends_with('\n'));
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    CAPTURE(line);
    if (std::regex_match(line, match, help)) {
      helped = match[1];
      REQUIRE(families.emplace(helped, Family{"", match[2], {}}).second);
    } else if (std::regex_match(line, match, type)) {
      REQUIRE(match[1] == helped);
      open = helped;
      families[open].type = match[2];
    } else {
      REQUIRE(std::regex_match(line, match, sample));
      const auto suffix = match[2].str().substr(std::min(open.size(), match[2].str().size()));
      REQUIRE(match[2].str().starts_with(open));
      const std::set<std::string> allowed = families[open].type == "histogram"
                                                ? std::set<std::string>{"_bucket", "_sum", "_count"}
                                                : std::set<std::string>{""};
      REQUIRE(allowed.contains(suffix));
      REQUIRE(families[open].samples.emplace(match[1], match[4]).second);
    }
  }
  return families;
}

// Every field of the two structs. A new one must be added here and in the catalog, or the counts below do not
// match.
const std::vector<Counter WorkerMetrics::*> worker_counters = {&WorkerMetrics::requests_local,
                                                               &WorkerMetrics::requests_forwarded,
                                                               &WorkerMetrics::requests_received,
                                                               &WorkerMetrics::errors_executed_no,
                                                               &WorkerMetrics::errors_executed_maybe,
                                                               &WorkerMetrics::retries,
                                                               &WorkerMetrics::reroutes,
                                                               &WorkerMetrics::bad_requests,
                                                               &WorkerMetrics::connections_accepted,
                                                               &WorkerMetrics::calls_ok,
                                                               &WorkerMetrics::calls_app_error,
                                                               &WorkerMetrics::calls_error,
                                                               &WorkerMetrics::calls_refused,
                                                               &WorkerMetrics::calls_cancelled,
                                                               &WorkerMetrics::call_request_bytes,
                                                               &WorkerMetrics::call_response_bytes,
                                                               &WorkerMetrics::bytes_in,
                                                               &WorkerMetrics::bytes_out,
                                                               &WorkerMetrics::proxy_egress,
                                                               &WorkerMetrics::proxy_send_success,
                                                               &WorkerMetrics::proxy_send_error,
                                                               &WorkerMetrics::app_wait_refused,
                                                               &WorkerMetrics::breakers_opened,
                                                               &WorkerMetrics::full_in_flight,
                                                               &WorkerMetrics::full_owner,
                                                               &WorkerMetrics::full_key,
                                                               &WorkerMetrics::full_queue,
                                                               &WorkerMetrics::full_queue_wait,
                                                               &WorkerMetrics::full_route,
                                                               &WorkerMetrics::full_log_streams,
                                                               &WorkerMetrics::full_event_streams,
                                                               &WorkerMetrics::full_long_polls,
                                                               &WorkerMetrics::event_resets,
                                                               &WorkerMetrics::log_stream_lost,
                                                               &WorkerMetrics::event_streams_slow,
                                                               &WorkerMetrics::upgrades,
                                                               &WorkerMetrics::upgrades_moved,
                                                               &WorkerMetrics::upgrades_drained,
                                                               &WorkerMetrics::tls_accepted,
                                                               &WorkerMetrics::tls_refused,
                                                               &WorkerMetrics::tls_too_many,
                                                               &WorkerMetrics::client_tls_refused,
                                                               &WorkerMetrics::proxy_headers_refused,
                                                               &WorkerMetrics::drain_cut};
const std::vector<Gauge WorkerMetrics::*> worker_gauges = {
    &WorkerMetrics::connections_open, &WorkerMetrics::in_flight,       &WorkerMetrics::peer_links,
    &WorkerMetrics::app_connections,  &WorkerMetrics::calls_in_flight, &WorkerMetrics::tchannel_links,
    &WorkerMetrics::app_waiting,      &WorkerMetrics::breakers_open,   &WorkerMetrics::streams,
    &WorkerMetrics::at_app,           &WorkerMetrics::app_queue,       &WorkerMetrics::upgrades_open,
    &WorkerMetrics::log_streams,      &WorkerMetrics::event_streams,   &WorkerMetrics::long_polls,
    &WorkerMetrics::app_open,         &WorkerMetrics::app_streams};
const std::vector<Counter ControlMetrics::*> control_counters = {&ControlMetrics::pings_sent,
                                                                 &ControlMetrics::pings_received,
                                                                 &ControlMetrics::ping_reqs_sent,
                                                                 &ControlMetrics::ping_reqs_received,
                                                                 &ControlMetrics::joins_received,
                                                                 &ControlMetrics::ping_failures,
                                                                 &ControlMetrics::full_syncs,
                                                                 &ControlMetrics::reverse_full_syncs,
                                                                 &ControlMetrics::refutations,
                                                                 &ControlMetrics::deaths_proved,
                                                                 &ControlMetrics::dampings,
                                                                 &ControlMetrics::overslept,
                                                                 &ControlMetrics::member_changes,
                                                                 &ControlMetrics::ring_changes,
                                                                 &ControlMetrics::gossip_errors,
                                                                 &ControlMetrics::proxy_ingress,
                                                                 &ControlMetrics::proxy_checksums_differ,
                                                                 &ControlMetrics::proxy_keys_differ,
                                                                 &ControlMetrics::proxy_refused,
                                                                 &ControlMetrics::refused_above_cap,
                                                                 &ControlMetrics::refused_ahead_of_time,
                                                                 &ControlMetrics::connections_strangers,
                                                                 &ControlMetrics::connections_plain,
                                                                 &ControlMetrics::connections_tls,
                                                                 &ControlMetrics::refused_bad_address,
                                                                 &ControlMetrics::refused_too_many_new,
                                                                 &ControlMetrics::refused_malformed,
                                                                 &ControlMetrics::statsd_dropped,
                                                                 &ControlMetrics::events,
                                                                 &ControlMetrics::webhook_delivered,
                                                                 &ControlMetrics::webhook_retried,
                                                                 &ControlMetrics::webhook_refused,
                                                                 &ControlMetrics::webhook_resets,
                                                                 &ControlMetrics::name_conflicts,
                                                                 &ControlMetrics::members_file_written,
                                                                 &ControlMetrics::members_file_failed,
                                                                 &ControlMetrics::connections_too_many,
                                                                 &ControlMetrics::connections_silent,
                                                                 &ControlMetrics::app_probes_passed,
                                                                 &ControlMetrics::app_probes_failed,
                                                                 &ControlMetrics::app_changes};
const std::vector<Gauge ControlMetrics::*> control_gauges = {&ControlMetrics::members_alive,
                                                             &ControlMetrics::members_suspect,
                                                             &ControlMetrics::members_faulty,
                                                             &ControlMetrics::members_leave,
                                                             &ControlMetrics::members_tombstone,
                                                             &ControlMetrics::certificates_end,
                                                             &ControlMetrics::members_unverified,
                                                             &ControlMetrics::ring_servers,
                                                             &ControlMetrics::tchannel_connections,
                                                             &ControlMetrics::ringpop_node_misfits,
                                                             &ControlMetrics::proxy_in_flight,
                                                             &ControlMetrics::other_dialect_peers,
                                                             &ControlMetrics::app_up,
                                                             &ControlMetrics::cluster_keys,
                                                             &ControlMetrics::insecure,
                                                             &ControlMetrics::draining};

}  // namespace

TEST_CASE("the lists of this test name every field of the structs") {
  // route_requests is for the workers among themselves: how many routes there are is the operator's matter.
  CHECK(sizeof(WorkerMetrics) == worker_counters.size() * sizeof(Counter) +
                                     worker_gauges.size() * sizeof(Gauge) + 2 * sizeof(Histogram) +
                                     sizeof(WorkerMetrics::route_requests));
  CHECK(sizeof(ControlMetrics) ==
        control_counters.size() * sizeof(Counter) + control_gauges.size() * sizeof(Gauge));
}

TEST_CASE("every metric has one row with a fitting name, and help that is a sentence") {
  std::set<std::string_view> names;
  for (const auto& row : metric_rows()) {
    CAPTURE(row.name);
    CHECK(names.insert(row.name).second);
    CHECK(row.name.starts_with("ringside_"));
    CHECK(row.name.ends_with("_total") == (row.type == "counter"));
    CHECK(row.help.ends_with('.'));
  }
}

TEST_CASE("every field appears once in the scrape with its own value, summed over the workers") {
  Metrics metrics;
  std::int64_t next = 1000;
  std::set<std::string> expected;
  for (int i = 0; i < 2; ++i) metrics.workers.push_back(std::make_unique<WorkerMetrics>());
  for (auto field : worker_counters) {
    (*metrics.workers[0].*field).add(static_cast<std::uint64_t>(next));
    (*metrics.workers[1].*field).add(1);
    expected.insert(std::to_string(next + 1));
    next += 10;
  }
  for (auto field : worker_gauges) {
    (*metrics.workers[0].*field).set(next);
    (*metrics.workers[1].*field).add(2);
    expected.insert(std::to_string(next + 2));
    next += 10;
  }
  for (auto field : control_counters) {
    (metrics.control.*field).add(static_cast<std::uint64_t>(next));
    expected.insert(std::to_string(next));
    next += 10;
  }
  for (auto field : control_gauges) {
    (metrics.control.*field).set(next);
    expected.insert(std::to_string(next));
    next += 10;
  }
  const auto families = parse(render_prometheus(metrics, "1.2.3"));
  std::multiset<std::string> found;
  for (const auto& [name, family] : families)
    if (family.type != "histogram" && !name.starts_with("ringside_process_") &&
        name != "ringside_build_info" && name != "ringside_log_dropped_lines_total" &&
        name != "ringside_access_log_dropped_total")
      for (const auto& [sample, value] : family.samples) found.insert(value);
  CHECK(found == std::multiset<std::string>(expected.begin(), expected.end()));

  REQUIRE(families.size() == metric_rows().size());
  for (const auto& row : metric_rows()) {
    CAPTURE(row.name);
    REQUIRE(families.contains(std::string(row.name)));
    CHECK(families.at(std::string(row.name)).type == row.type);
    CHECK(families.at(std::string(row.name)).help == row.help);
  }
  CHECK(families.at("ringside_requests_total").samples.at(R"(ringside_requests_total{path="local"})") ==
        "1001");
  CHECK(families.at("ringside_build_info").samples.at(R"(ringside_build_info{version="1.2.3"})") == "1");
}

TEST_CASE("the histogram counts up to inclusive bounds in seconds") {
  Metrics metrics;
  for (int i = 0; i < 2; ++i) metrics.workers.push_back(std::make_unique<WorkerMetrics>());
  auto& one = metrics.workers[0]->request_seconds;
  auto& other = metrics.workers[1]->request_seconds;
  for (const std::uint64_t us : {0U, 16U, 17U, 1024U, 1025U}) one.observe_us(us);
  for (const std::uint64_t us : {67'108'864U, 67'108'865U, 4'000'000'000U}) other.observe_us(us);
  const auto samples = parse(render_prometheus(metrics, "1")).at("ringside_request_duration_seconds").samples;
  const auto bucket = [&](const std::string& le) {
    return samples.at("ringside_request_duration_seconds_bucket{le=\"" + le + "\"}");
  };
  CHECK(bucket("1.6e-05") == "2");
  CHECK(bucket("3.2e-05") == "3");
  CHECK(bucket("0.001024") == "4");
  CHECK(bucket("0.002048") == "5");
  CHECK(bucket("33.554432") == "5");
  CHECK(bucket("67.108864") == "6");
  CHECK(bucket("+Inf") == "8");
  CHECK(samples.at("ringside_request_duration_seconds_count") == "8");
  CHECK(std::stod(samples.at("ringside_request_duration_seconds_sum")) == Approx(4134.219811));
  CHECK(samples.size() == Histogram::buckets + 2);
}

TEST_CASE("memory and descriptors of the process are read at the scrape") {
  const Metrics metrics;
  const auto families = parse(render_prometheus(metrics, "1"));
  CHECK(std::stod(families.at("ringside_process_resident_bytes").samples.begin()->second) > 1e6);
  CHECK(std::stod(families.at("ringside_process_open_fds").samples.begin()->second) >= 3);
}
