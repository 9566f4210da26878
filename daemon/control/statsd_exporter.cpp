#include "daemon/control/statsd_exporter.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>
#include <variant>

#include "daemon/base/limits.hpp"
#include "daemon/obs/log.hpp"

namespace ringside::control {
namespace {

using obs::ControlMetrics;
using obs::RingpopStat;
using obs::WorkerMetrics;

constexpr Duration tick = std::chrono::seconds(1);
constexpr int ticks_between_checksums = 5;                     // as both Ringpops
constexpr Duration looked_up_again = std::chrono::minutes(1);  // a usual lifetime of a service's record
constexpr Duration first_retry = std::chrono::seconds(5);

// What is counted for the catalog already.
struct CountedStat {
  std::variant<obs::Counter WorkerMetrics::*, obs::Counter ControlMetrics::*> counter;
  RingpopStat stat;
};
constexpr std::array counted_stats{
    CountedStat{&WorkerMetrics::requests_forwarded, RingpopStat::request_proxy_egress},
    CountedStat{&WorkerMetrics::requests_received, RingpopStat::request_proxy_ingress},
    CountedStat{&WorkerMetrics::retries, RingpopStat::request_proxy_retry_attempted},
    CountedStat{&WorkerMetrics::reroutes, RingpopStat::request_proxy_retry_reroute_remote},
    CountedStat{&WorkerMetrics::proxy_send_success, RingpopStat::request_proxy_send_success},
    CountedStat{&WorkerMetrics::proxy_send_error, RingpopStat::request_proxy_send_error},
    CountedStat{&ControlMetrics::proxy_checksums_differ, RingpopStat::request_proxy_checksums_differ},
    CountedStat{&ControlMetrics::proxy_keys_differ, RingpopStat::request_proxy_keys_differ},
    CountedStat{&ControlMetrics::proxy_refused, RingpopStat::request_proxy_refused_inflight},
};

struct Read {
  const obs::Metrics& metrics;
  std::uint64_t operator()(obs::Counter WorkerMetrics::* counter) const {
    std::uint64_t sum = 0;
    for (const auto& worker : metrics.workers) sum += ((*worker).*counter).value();
    return sum;
  }
  std::uint64_t operator()(obs::Counter ControlMetrics::* counter) const {
    return (metrics.control.*counter).value();
  }
};

std::int64_t missing_in(const ring::Snapshot& ring, std::span<const ring::Server> servers) {
  return std::ranges::count_if(servers, [&](const ring::Server& server) {
    return !std::ranges::binary_search(ring.servers(), server.address, {}, &ring::Server::address);
  });
}

}  // namespace

bool StatsdExporter::wanted(const config::Config& config) {
  return !config.observability.statsd.address.empty() || !config.observability.statsd.file.empty();
}

StatsdExporter::StatsdExporter(boost::asio::io_context& io, const config::Config& config,
                               const std::string& self, obs::Metrics& metrics)
    : config_(config),
      metrics_(metrics),
      prefix_(config.observability.statsd.prefix.empty() ? obs::ringpop_prefix(self)
                                                         : config.observability.statsd.prefix),
      resolver_(io, limits::statsd_look_up_time),
      timers_(io),
      look_up_timer_(timers_, [this] { look_up(); }),
      second_timer_(timers_, [this] { on_second(); }),
      counted_(counted_stats.size()) {}

Result<void, std::string> StatsdExporter::open() {
  const auto& statsd = config_.observability.statsd;
  second_timer_.after(tick);
  if (statsd.file.empty()) {
    look_up();
    return {};
  }
  auto opened = sink_.write_to_file(statsd.file);
  if (!opened)
    return "cannot write " + statsd.file + " (observability.statsd.file): " + opened.error() +
           "; choose a file that this user may write";
  return {};
}

void StatsdExporter::look_up() {
  resolver_.resolve({config_.observability.statsd.address},
                    [this](const net::Resolved& resolved) { on_found(resolved); });
}

void StatsdExporter::on_found(const net::Resolved& resolved) {
  std::string cause = resolved.failures.empty() ? "" : resolved.failures.front().second;
  if (!resolved.addresses.empty() && resolved.addresses.front() != server_) {
    const auto opened = sink_.send_to(*parse_address(resolved.addresses.front()));
    if (opened) {
      server_ = resolved.addresses.front();
      for (const auto& datagram : std::exchange(early_, {})) send(datagram);
    } else {
      cause = opened.error();
    }
  }
  if (!cause.empty() && cause != complaint_)
    obs::log(obs::Level::warn, "statsd_unreachable",
             {{"server", config_.observability.statsd.address},
              {"cause", cause},
              {"remedy", "check observability.statsd.address; it is looked up again by itself"}});
  complaint_ = std::move(cause);
  look_up_timer_.after(server_.empty() ? first_retry : looked_up_again);
}

void StatsdExporter::add(const obs::StatValue& value) {
  auto datagram = obs::statsd_datagram(prefix_, value);
  const bool early = config_.observability.statsd.file.empty() && server_.empty();
  if (!early) return send(datagram);
  if (early_.size() < limits::statsd_early)
    early_.push_back(std::move(datagram));
  else
    metrics_.control.statsd_dropped.add();
}

void StatsdExporter::send(std::string_view datagram) {
  const auto now = std::chrono::floor<Millis>(std::chrono::system_clock::now());
  if (!sink_.take(now, datagram)) metrics_.control.statsd_dropped.add();
}

void StatsdExporter::on_lookup(Duration took) {
  add({RingpopStat::lookup, std::chrono::duration_cast<std::chrono::microseconds>(took).count()});
}

void StatsdExporter::on_step(const swim::Outbox& outbox, std::uint32_t membership_checksum) {
  for (const auto& value : obs::ringpop_stats(outbox)) add(value);
  if (std::exchange(checksum_, membership_checksum) == membership_checksum) return;
  add({RingpopStat::membership_checksum_computed});
  add({RingpopStat::checksum, membership_checksum});
  add({RingpopStat::membership_checksum, membership_checksum});
}

void StatsdExporter::on_ring(const ring::SnapshotPtr& ring) {
  const auto before = std::exchange(ring_, ring);
  if (before == ring) return;
  const std::span<const ring::Server> none;
  const std::int64_t added = before ? missing_in(*before, ring->servers()) : std::ssize(ring->servers());
  const std::int64_t removed = missing_in(*ring, before ? before->servers() : none);
  add({RingpopStat::ring_changed});
  if (added > 0) add({RingpopStat::ring_server_added, added});
  if (removed > 0) add({RingpopStat::ring_server_removed, removed});
  replica_checksum_ = ring->replica_checksum();
  add({RingpopStat::ring_checksum_computed});
  add({RingpopStat::ring_checksum, ring->checksum()});
  add({RingpopStat::ring_checksums_replica, replica_checksum_});
}

void StatsdExporter::on_second() {
  second_timer_.after(tick);
  read_counters();
  if (++seconds_ % ticks_between_checksums == 0) repeat_checksums();
}

void StatsdExporter::repeat_checksums() {
  if (checksum_) add({RingpopStat::membership_checksum_periodic, *checksum_});
  if (!ring_) return;
  add({RingpopStat::ring_checksum_periodic, ring_->checksum()});
  add({RingpopStat::ring_checksums_periodic_replica, replica_checksum_});
}

void StatsdExporter::read_counters() {
  for (std::size_t i = 0; i < counted_stats.size(); ++i) {
    const std::uint64_t sum = std::visit(Read{metrics_}, counted_stats[i].counter);
    const auto news = static_cast<std::int64_t>(sum - std::exchange(counted_[i], sum));
    if (news > 0) add({counted_stats[i].stat, news});
  }
  std::int64_t in_flight = 0;
  for (const auto& worker : metrics_.workers) in_flight += worker->in_flight.value();
  add({RingpopStat::request_proxy_inflight, in_flight});
}

}  // namespace ringside::control
