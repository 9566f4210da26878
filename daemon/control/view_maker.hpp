// Makes the View that the workers and the API render from, and the ring snapshot in it, out of the core's
// member list. Another ring is made, out of the one before, only when its input changed. Sets the gauges of
// what it counts on the way. Control thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "daemon/api/view.hpp"
#include "daemon/config/config.hpp"
#include "daemon/control/peer_kinds.hpp"
#include "daemon/obs/catalog.hpp"
#include "daemon/swim/node.hpp"

namespace ringside::control {

class ViewMaker {
 public:
  ViewMaker(const config::Config&, std::uint64_t random_bits);  // the bits make the boot id

  void set_api_listeners(std::vector<std::string> listeners) {
    constant_.api_listeners = std::move(listeners);
  }

  void set_settings(const config::Config& in_force);

  void set_app(std::string id, config::AppSettings settings) {
    constant_.app_id = std::move(id);
    constant_.app_settings = std::move(settings);
  }
  void set_faults(FaultsPtr faults) { constant_.faults = std::move(faults); }

  struct Circumstances {
    const api::DrainView& drain;
    bool seeds_looked_up = false;
    bool ring_changed = false;
    const PeerKinds& kinds;
    const api::AppView& app;
    Instant now;
  };
  api::ViewPtr make(const swim::Node&, const Circumstances&, obs::ControlMetrics&);

 private:
  void build_ring(const swim::Node&, const std::vector<swim::MemberRow>&, obs::ControlMetrics&);
  void warn(api::View&, obs::ControlMetrics&) const;
  void tell_of_shares(api::View&) const;
  void complain(api::View&, api::Warning) const;
  static void tell_of_namesake(const swim::Node&, api::View&);
  static void tell_of_damping(api::View&);
  void remember(api::View&, obs::ControlMetrics&) const;
  void judge(const swim::Node&, const Circumstances&, std::size_t known, api::View&);

  api::View constant_;  // the fields that seldom or never change, and a template for the others
  std::size_t seeds_;
  int min_members_;
  bool fits_ringpop_node_;  // neither names nor labels: settled for clusters with ringpop-node
  bool was_ready_ = false;
  ring::SnapshotPtr ring_;
  ring::TenurePtr tenure_ = std::make_shared<const ring::Tenure>();  // of this node in it
  api::ViewPtr last_;                                                // the view made before
};

}  // namespace ringside::control
