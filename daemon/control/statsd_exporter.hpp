// Ringpop's statistics of this node, sent to StatsD as they happen: what the core measured in a step, what
// peers asked, each new ring. What only has a state (checksums) is repeated every 5 s, what others count
// is read once a second. Control thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <optional>
#include <string>
#include <vector>

#include "daemon/config/config.hpp"
#include "daemon/net/resolve.hpp"
#include "daemon/net/timers.hpp"
#include "daemon/obs/catalog.hpp"
#include "daemon/obs/ringpop_stats.hpp"
#include "daemon/obs/statsd.hpp"
#include "daemon/ring/snapshot.hpp"

namespace ringside::control {

class StatsdExporter {
 public:
  // Whether the options ask for one.
  [[nodiscard]] static bool wanted(const config::Config&);
  StatsdExporter(boost::asio::io_context&, const config::Config&, const std::string& self, obs::Metrics&);

  // The error is one sentence. A server whose name cannot be looked up is none: it is tried again.
  [[nodiscard]] Result<void, std::string> open();

  // Before the outbox is taken apart.
  void on_step(const swim::Outbox&, std::uint32_t membership_checksum);
  void on_ring(const ring::SnapshotPtr&);
  void on_lookup(Duration took);
  void add(const obs::StatValue&);

 private:
  void send(std::string_view datagram);
  void look_up();
  void on_found(const net::Resolved&);
  void on_second();
  void repeat_checksums();
  void read_counters();

  const config::Config& config_;
  obs::Metrics& metrics_;
  std::string prefix_;
  obs::StatsdSink sink_;
  net::SeedResolver resolver_;
  net::Timers timers_;
  net::Timer look_up_timer_;
  net::Timer second_timer_;
  std::string server_;              // its address, once it was found
  std::vector<std::string> early_;  // what happened before: the joining, above all
  std::string complaint_;           // said last about its name
  int seconds_ = 0;
  std::optional<std::uint32_t> checksum_;
  ring::SnapshotPtr ring_;
  std::uint32_t replica_checksum_ = 0;
  std::vector<std::uint64_t> counted_;  // when it was read last
};

}  // namespace ringside::control
