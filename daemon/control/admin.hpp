// Carries out what Ringpop's tools tell this node over TChannel (api/ringpop_command.hpp). What takes a while
// (a protocol period, a heal) keeps its caller until the core says that it is done. Control thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/api/ringpop_command.hpp"
#include "daemon/api/view.hpp"
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
    std::function<api::ViewPtr()> view;
    bool has_place = false;  // in the ring: a member without an app has none
  };
  explicit Admin(Host host) : host_(std::move(host)) {}

  void run(api::RingpopCommand, net::IncomingCall);
  void on_done(const swim::Done&);
  // Looks for lost partitions without anybody waiting for it.
  void heal_by_itself();

 private:
  using Finish = std::function<api::RingpopAnswer(const swim::Done&)>;
  TicketId ticket(net::CallResponder, Finish);
  void join(const net::CallResponder&);
  void leave(const net::CallResponder&);
  void reap(const net::CallResponder&);
  void tick(const net::CallResponder&);
  void heal(const net::CallResponder&);
  void set_gossip(bool on, const net::CallResponder&);

  Host host_;
  struct Waiting {
    net::CallResponder responder;
    Finish finish;
  };
  std::map<TicketId, Waiting> waiting_;  // bounded by the links' own tables: the core ends every task
  std::uint64_t last_ticket_ = 0;
  std::optional<obs::Level> quiet_level_;  // of the log, while debugSet is in force
};

}  // namespace ringside::control
