// What Ringpop's tools ask over TChannel: the timing in /admin/stats, settings, traces. Pure functions.
#include "daemon/api/ringpop_admin.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "daemon/api/ringpop_command.hpp"
#include "daemon/api/ringpop_settings.hpp"
#include "daemon/api/ringpop_trace.hpp"
#include "daemon/base/limits.hpp"
#include "tests/support/view.hpp"

using namespace ringside;
using namespace ringside::api;
using namespace std::chrono_literals;
using Json = nlohmann::json;

namespace {

constexpr WallTime now{Millis(1'700'000'000'000)};

Json timing_of(std::vector<Duration> periods) {
  RingpopStats stats;
  stats.period_times = std::move(periods);
  const auto answer = answer_ringpop_admin("/admin/stats", "", test::sample_view(), [&] { return stats; });
  REQUIRE(answer);
  return Json::parse(answer->body)["protocol"]["timing"];
}

std::string trace(const char* expiry, const char* sink) {
  return R"({"event":"membership.checksum.update",)" + std::string(expiry) + R"("sink":)" + sink + "}";
}
constexpr const char* in_a_minute = R"("expiresIn":60000,)";
constexpr const char* log_sink = R"({"type":"log"})";

}  // namespace

TEST_CASE("the timing is Ringpop's histogram of the last periods in milliseconds") {
  const auto timing = timing_of({10ms, 9ms, 8ms, 7ms, 6ms, 5ms, 4ms, 3ms, 2ms, 1ms});
  CHECK(timing.size() == 13);
  CHECK(timing["type"] == "histogram");
  CHECK(timing["count"] == 10);
  const auto& [key, value] = GENERATE(table<const char*, double>({{"min", 1},
                                                                  {"max", 10},
                                                                  {"sum", 55},
                                                                  {"mean", 5.5},
                                                                  {"variance", 8.25},
                                                                  {"std_dev", 2.8722813},
                                                                  {"median", 5.5},
                                                                  {"p75", 8.25},
                                                                  {"p95", 10},
                                                                  {"p99", 10},
                                                                  {"p999", 10}}));
  CAPTURE(key);
  CHECK(timing[key].get<double>() == Approx(value));
}

TEST_CASE(
    "a member's damp score is what this node has counted, in the statistics and where it is asked for") {
  auto view = test::sample_view();
  REQUIRE(view.members.size() > 1);
  const std::string flapper = view.members[1].address, calm = view.members[0].address;
  view.measured[flapper].damp_score = 1500;
  RingpopStats stats;
  stats.members = view.members;
  const auto answer = answer_ringpop_admin("/admin/stats", "", view, [&] { return stats; });
  const Json told = Json::parse(answer->body);
  for (const auto& row : told["membership"]["members"])
    CHECK(row["dampScore"] == (row["address"] == flapper ? 1500 : 0));
  const auto scores = damp_scores(Json{{"flappers", {flapper, calm, "10.9.9.9:1"}}}.dump(), view);
  CHECK(Json::parse(scores.body)["scores"] ==
        Json::array({{{"member", calm}, {"dampScore", 0}}, {{"member", flapper}, {"dampScore", 1500}}}));
}

TEST_CASE("one period is its own minimum, median and maximum") {
  const auto timing = timing_of({1500us});
  for (const char* key : {"min", "max", "median", "p999", "mean"}) CHECK(timing[key] == 1.5);
  CHECK(timing["variance"] == 0.0);
}

TEST_CASE("settings are told under ringpop-node's names: those asked for, or all") {
  config::Config config;
  config.gossip.heal.period = 7s;
  const RunningSettings running{config, obs::Level::warn, 100};
  const auto some = get_settings(R"(["TEST_KEY","discoverProviderHealerPeriod","noSuchThing",5])", running);
  CHECK(some.ok);
  CHECK(Json::parse(some.body) == Json{{"TEST_KEY", 100}, {"discoverProviderHealerPeriod", 7000}});
  for (const char* body : {"", "null", "{}", "not json"}) {
    const auto all = Json::parse(get_settings(body, running).body);
    CHECK(all.size() > 10);
    CHECK(all["defaultLogLevel"] == "warn");
    CHECK(all["memberBlacklist"] == Json::array());
  }
  CHECK(Json::parse(get_settings("[]", running).body) == Json::object());
}

TEST_CASE("what can change while running is taken") {
  const auto change = read_settings_change(R"({"TEST_KEY":-3,"defaultLogLevel":"debug"})");
  REQUIRE(change.has_value());
  CHECK(change->test_key == -3);
  CHECK(change->log_level == obs::Level::debug);
  const auto nothing = read_settings_change("{}");
  REQUIRE(nothing.has_value());
  CHECK(!nothing->test_key);
  CHECK(!nothing->log_level);
}

TEST_CASE("a setting that cannot change is refused with its name and what to do, and nothing is taken") {
  const auto& [body, says] = GENERATE(table<const char*, const char*>({
      {"", "the body must be an object of settings"},
      {"[1]", "the body must be an object of settings"},
      {R"({"TEST_KEY":1,"zzz":1})", "ringside has no setting 'zzz'"},
      {R"({"TEST_KEY":"x"})", "TEST_KEY must be an integer"},
      {R"({"gossipLogLevel":"off"})", "gossipLogLevel must be one of trace, debug, info, warn, error"},
      {R"({"defaultLogLevel":3})", "defaultLogLevel must be one of trace, debug, info, warn, error"},
      {R"({"maxInflightRequests":9})",
       "maxInflightRequests cannot change while this node runs; restart it with forward.in_flight"},
      {R"({"joinDelayMin":9})", "joinDelayMin cannot be changed: ringside has no such option"},
  }));
  const auto change = read_settings_change(body);
  REQUIRE(change.has_error());
  CHECK(change.error() == says);
}

TEST_CASE("a trace order is read in any spelling of its keys, with ringpop-node's defaults") {
  const auto log = read_trace_order(trace(in_a_minute, log_sink), now);
  REQUIRE(log.has_value());
  CHECK(log->until == now + 1min);
  CHECK(log->sink.kind == TraceSink::Kind::log);
  CHECK(log->sink.message == "/trace/membership.checksum.update");
  CHECK(log->sink.level == obs::Level::info);
  for (const char* sink :
       {R"({"type":"tchannel","hostPort":"10.0.0.1:5"})", R"({"type":"tchannel","host-port":"10.0.0.1:5"})",
        R"({"type":"tchannel","host_port":"10.0.0.1:5","service-name":"ringpop"})"}) {
    const auto order = read_trace_order(trace(R"("expires_at":1700000005000,)", sink), now);
    REQUIRE(order.has_value());
    CHECK(order->until == now + 5s);
    CHECK(order->sink.address == "10.0.0.1:5");
    CHECK(order->sink.service == "ringpop");
    CHECK(order->sink.endpoint == "/trace/membership.checksum.update");
  }
}

TEST_CASE("a trace order that is wrong is refused with the option's name") {
  const auto& [expiry, sink, says] = GENERATE(table<const char*, const char*, const char*>({
      {"", log_sink, "expires"},
      {R"("expiresIn":1,"expiresAt":1,)", log_sink, "expires"},
      {R"("expiresIn":-1,)", log_sink, "expiresIn"},
      {R"("expiresIn":"1",)", log_sink, "expiresIn"},
      {R"("expiresIn":86400001,)", log_sink, "24 hours"},
      {R"("expiresAt":18446744073709551615,)", log_sink, "24 hours"},
      {in_a_minute, "null", "sink"},
      {in_a_minute, "{}", "type"},
      {in_a_minute, R"({"type":"pigeon"})", "type"},
      {in_a_minute, R"({"type":"log","level":"loud"})", "level"},
      {in_a_minute, R"({"type":"log","message":7})", "message"},
      {in_a_minute, R"({"type":"tchannel"})", "hostPort"},
      {in_a_minute, R"({"type":"tchannel","hostPort":"nowhere"})", "hostPort"},
      {in_a_minute, R"({"type":"tchannel","hostPort":"10.0.0.1:5","endpoint":""})", "endpoint"},
  }));
  CAPTURE(expiry, sink);
  const auto order = read_trace_order(trace(expiry, sink), now);
  REQUIRE(order.has_error());
  CHECK_THAT(order.error(), Catch::Contains(says));
  CHECK(!read_trace_order("", now).has_value());
  const auto deep = R"({"event":"membership.checksum.update","expiresIn":5,"sink":{"type":"log"},"x":)" +
                    std::string(30'000, '[') + std::string(30'000, ']') + "}";
  CHECK_THAT(read_trace_order(deep, now).error(), Catch::Contains("too deep"));
  CHECK(!read_trace_order(R"({"event":"other","expiresIn":5,"sink":{"type":"log"}})", now).has_value());
}

TEST_CASE("a trace is removed without a time") {
  CHECK(read_trace_sink(trace("", log_sink)).has_value());
  CHECK(!read_trace_sink(trace("", "{}")).has_value());
}

TEST_CASE("a report holds what ringpop-node's holds") {
  CHECK(Json::parse(trace_report("127.0.0.1:7601", now, 42, test::sample_view())) ==
        Json{{"id", "127.0.0.1:7601"},
             {"address", "127.0.0.1:7601"},
             {"timestamp", 1'700'000'000'000},
             {"checksum", 42},
             {"membershipStatusCounts",
              {{"alive", 1}, {"suspect", 1}, {"faulty", 1}, {"leave", 0}, {"tombstone", 0}}}});
}

TEST_CASE("a reload names a file") {
  CHECK(reload_file(R"({"file":"/etc/hosts.json"})") == "/etc/hosts.json");
  for (const char* body : {"", "[]", "{}", R"({"file":3})", "null"}) CHECK(!reload_file(body));
}
