// Carries out what Ringpop's tools tell this node over TChannel (api/ringpop_command.hpp), and what they and
// the API (orders.hpp) both may tell it. What takes a while (a protocol period, a heal) keeps its caller
// until the core says that it is done. Control thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/api/ringpop_command.hpp"
#include "daemon/api/ringpop_settings.hpp"
#include "daemon/api/view.hpp"
#include "daemon/control/trace_store.hpp"
#include "daemon/net/tchannel_link.hpp"
#include "daemon/obs/log.hpp"
#include "daemon/swim/node.hpp"

namespace ringside::control {

class Admin {
 public:
  struct Host {
    // Runs an input of the core and what follows from it.
    std::function<void(const std::function<void(swim::Node&, Now, swim::Outbox&)>&)> step;
    // What the seeds are now; called back once.
    std::function<void(std::function<void(const std::vector<std::string>&)>)> look_up_seeds;
    // Another file in place of those among the seeds; called back once, with a sentence when it was refused.
    std::function<void(const std::string& file, std::function<void(const std::string& error)>)> reload_seeds;
    std::function<api::ViewPtr()> view;
    const config::Config& config;
    TraceStore& traces;
    std::function<bool()> draining;   // by the API or a signal
    std::function<bool()> has_place;  // in the ring: a member without an app has none
  };
  explicit Admin(Host host) : host_(std::move(host)) {}

  void run(api::RingpopCommand, net::IncomingCall);
  void on_done(const swim::Done&);
  // Looks for lost partitions without anybody waiting for it.
  void heal_by_itself();

  using Finish = std::function<void(const swim::Done&)>;
  std::size_t reap();  // how many are forgotten
  void evict(const std::string& address);
  void heal(Finish);                                              // among the seeds
  void heal_with(const std::vector<std::string>& hosts, Finish);  // among these addresses

 private:
  TicketId ticket(Finish);
  void join(const net::CallResponder&);
  void leave(const net::CallResponder&);
  void tick(const net::CallResponder&);
  void set_gossip(bool on, const net::CallResponder&);
  void debug(bool on, const net::CallResponder&);
  void get_config(const net::IncomingCall&);
  void set_config(const net::IncomingCall&);
  void reload(const net::IncomingCall&);
  void add_trace(const net::IncomingCall&);
  void remove_trace(const net::IncomingCall&);

  Host host_;
  std::map<TicketId, Finish> waiting_;  // bounded by the links' own tables: the core ends every task
  std::uint64_t last_ticket_ = 0;
  std::optional<obs::Level> quiet_level_;  // of the log, while debugSet is in force
  std::int64_t test_key_ = api::test_key_default;
};

}  // namespace ringside::control
