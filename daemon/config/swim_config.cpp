// See swim_config.hpp.
#include "daemon/config/swim_config.hpp"

#include "daemon/base/limits.hpp"

namespace ringside::config {

swim::Config swim_config(const Config& config) {
  swim::Config out;
  const bool has_app = !config.app.address.empty();
  if (has_app && config.app.health.required) out.app_state = swim::App::down;  // until the first probe
  if (!has_app && !config.ring.without_app) out.app_state = swim::App::none;
  out.app = config.cluster;
  if (config.ring.identity == Identity::name) out.name = config.node.name;
  out.labels = config.node.labels;
  out.weight = config.node.weight;
  out.period = config.gossip.period;
  out.ping_timeout = config.gossip.ping_timeout;
  out.ping_timeout_min = config.gossip.ping_timeout_min;
  out.ping_req_timeout = config.gossip.ping_req_timeout;
  out.ping_req_size = config.gossip.ping_req_size;
  out.suspect_timeout = config.gossip.suspect_timeout;
  out.faulty_timeout = config.gossip.reap.faulty;
  out.tombstone_timeout = config.gossip.reap.tombstone;
  out.heal_period = config.gossip.heal.period;
  out.heal_lonely_period = config.gossip.heal.lonely_period;
  out.heal_doubt = config.gossip.heal.doubt;
  out.catch_up = config.gossip.catch_up;
  out.death_fanout = config.gossip.death_fanout;
  const auto& lifeguard = config.gossip.lifeguard;
  out.lifeguard = {lifeguard.health_max, lifeguard.confirmations, lifeguard.suspect_factor, lifeguard.buddy,
                   lifeguard.oversleep};
  out.proof_of_death = config.gossip.proof_of_death;
  const auto& damping = config.gossip.damping;
  out.damping = {damping.enabled, damping.suppress, damping.reuse, damping.half_life,
                 damping.max_share.value};
  out.positive_labels = config.gossip.label_nonce;
  out.piggyback_factor = config.gossip.retransmit_mult;
  out.full_sync_pause = config.gossip.full_sync_pause;
  out.full_syncs_max = limits::full_syncs;
  out.members_max = limits::members;
  out.newcomers_max = config.gossip.newcomers;
  out.verify_newcomers = config.gossip.verify_newcomers;
  out.checksum =
      config.gossip.checksum == ChecksumDialect::go ? swim::ChecksumDialect::go : swim::ChecksumDialect::node;
  return out;
}

}  // namespace ringside::config
