#include "daemon/api/ringpop_admin.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>
#include <span>

#include "daemon/api/reads.hpp"
#include "proto/ringpop/codec.hpp"

namespace ringside::api {
namespace {

using Json = nlohmann::json;

// Keys, labels and names may hold any bytes; what is no UTF-8 is shown with replacement characters.
std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

RingpopAnswer error(std::string_view type, std::string_view message) {
  return {false, dump({{"type", type}, {"message", message}})};
}

RingpopAnswer lookup(std::string_view body, const View& view) {
  const auto request = Json::parse(body, nullptr, false);
  if (!request.is_object() || !request.contains("key") || !request["key"].is_string())
    return error("ringside.bad-request", "the body must be {\"key\": \"...\"}");
  if (view.phase == Phase::joining) return error("ringpop.not-ready", "ringpop is not bootstrapped");
  const auto owner = view.ring->owner(request["key"].get_ref<const std::string&>());
  if (!owner) return error("ringside.no-owner", "the ring is empty");
  Json answer{{"dest", view.ring->server(*owner).address}};
  if (request.contains("ring") && request["ring"] == true)  // a ringside asks (owners.hpp)
    answer["ring"] = {{"version", view.ring->version()}, {"checksum", hex32(view.ring->checksum())}};
  return {true, dump(answer)};
}

Json member_json(const View& view, const MemberView& member) {
  Json json{{"address", member.address},
            {"status", ringpop::to_string(member.status)},
            {"incarnationNumber", member.incarnation},
            {"dampScore", damp_score(view, member.address)}};
  if (!member.labels.empty())
    json["labels"] = std::map<std::string, std::string>(member.labels.begin(), member.labels.end());
  return json;
}

double milliseconds(double ns) {
  return ns / 1e6;
}

// Between the two values around it, as both libraries have it. `sorted` is not empty.
double percentile(const std::vector<double>& sorted, double share) {
  const double at = share * static_cast<double>(sorted.size() + 1);
  if (at < 1) return sorted.front();
  if (at >= static_cast<double>(sorted.size())) return sorted.back();
  const auto below = static_cast<std::size_t>(at);
  return sorted[below - 1] + (at - static_cast<double>(below)) * (sorted[below] - sorted[below - 1]);
}

// Ringpop's histogram of the last periods, in milliseconds as ringpop-node has it (ringpop-go: nanoseconds).
Json timing(std::span<const Duration> periods) {
  if (periods.empty()) return Json::object();
  std::vector<double> times;
  for (const Duration time : periods) times.push_back(milliseconds(static_cast<double>(time.count())));
  std::ranges::sort(times);
  const auto count = static_cast<double>(times.size());
  const double sum = std::accumulate(times.begin(), times.end(), 0.0);
  const double mean = sum / count;
  double variance = 0;
  for (const double time : times) variance += (time - mean) * (time - mean) / count;
  return {{"type", "histogram"},
          {"min", times.front()},
          {"max", times.back()},
          {"sum", sum},
          {"variance", variance},
          {"mean", mean},
          {"std_dev", std::sqrt(variance)},
          {"count", times.size()},
          {"median", percentile(times, 0.5)},
          {"p75", percentile(times, 0.75)},
          {"p95", percentile(times, 0.95)},
          {"p99", percentile(times, 0.99)},
          {"p999", percentile(times, 0.999)}};
}

// The schema of Ringpop's test suite is closed: no key more, no key less (spec B.3).
RingpopAnswer stats(const View& view, const RingpopStats& stats) {
  Json members = Json::array();
  for (const auto& row : stats.members) members.push_back(member_json(view, row));
  Json servers = Json::array();
  for (const auto& server : view.ring->servers()) servers.push_back(server.address);
  const auto uptime_ms = std::max<std::int64_t>((stats.now - view.started).count(), 1);
  const auto per_second = [&](std::uint64_t calls) {
    return static_cast<double>(calls) * 1000 / static_cast<double>(uptime_ms);
  };
  const Json json{
      {"hooks", nullptr},
      {"membership", {{"checksum", stats.checksum}, {"members", members}}},
      {"process",
       {{"memory",
         {{"rss", stats.rss_bytes}, {"heapTotal", stats.heap_bytes}, {"heapUsed", stats.heap_used_bytes}}},
        {"pid", view.pid}}},
      {"protocol",
       {{"timing", timing(stats.period_times)},
        {"protocolRate", stats.period.count()},
        {"clientRate", per_second(stats.calls_sent)},
        {"serverRate", per_second(stats.calls_received)},
        {"totalRate", per_second(stats.calls_sent + stats.calls_received)}}},
      {"ring",
       {{"servers", servers},
        {"checksum", view.ring->checksum()},
        {"checksums", {{"replica", view.ring->replica_checksum()}}}}},
      {"version", RINGSIDE_VERSION},
      {"timestamp", stats.now.time_since_epoch().count()},
      {"uptime", uptime_ms},
      {"tchannelVersion", "2"}};
  return {true, dump(json)};
}

}  // namespace

std::optional<RingpopAnswer> answer_ringpop_admin(std::string_view endpoint, std::string_view body,
                                                  const View& view,
                                                  const std::function<RingpopStats()>& node) {
  if (endpoint == "/health") return RingpopAnswer{true, "\"ok\""};
  if (endpoint == "/admin/lookup") return lookup(body, view);
  if (endpoint == "/admin/stats") return stats(view, node());
  return std::nullopt;
}

}  // namespace ringside::api
