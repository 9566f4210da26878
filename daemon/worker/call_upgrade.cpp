// The part of a Call that begins with the app's 101: bytes go both ways until both ends have said that they
// are done, with the same back-pressure as bodies. There is no idle time for a tunnel; once one side has
// ended its half, forward.idle_timeout holds for the other.
//
// Closed by us (its key has moved, this node leaves): the frame under way goes through in each direction, a
// Close frame behind it, then the end. The two ends have limits::upgrade_close_time to hang up.
#include <utility>

#include "daemon/base/limits.hpp"
#include "daemon/worker/call.hpp"

namespace ringside::worker {

void Call::begin_upgrade(std::string_view protocol) {
  upgrade_ = std::make_unique<Upgrade>();
  upgrade_->is_websocket = http::equals_ignore_case(protocol, "websocket");
  upgrade_->place = context_.upgraded.size();
  context_.upgraded.push_back(this);
  context_.metrics.upgrades.add();
  context_.metrics.upgrades_open.add(1);
  body_ended_ = replayable_ = false;
}

void Call::leave_upgraded() {
  auto& all = context_.upgraded;
  all[upgrade_->place] = all.back();
  all[upgrade_->place]->upgrade_->place = upgrade_->place;
  all.pop_back();
  context_.metrics.upgrades_open.add(-1);
  upgrade_.reset();
}

// --- bytes

std::size_t Call::upgraded_room() const {
  return outbound_ == nullptr ? limits::stream_window_bytes : room_beside(outbound_->body_backlog());
}

void Call::upgraded_body(std::string_view data) {
  auto& way = upgrade_->to_app;
  if (way.ended) return;  // closed by us: nobody wants it any more
  if (upgrade_->closing) {
    outbound_->send_body(data.substr(0, way.frames.next(data)));
    return close_to_app();
  }
  if (!endless_) last_piece_ = Clock::now();
  if (upgrade_->is_websocket) way.frames.pass(data);
  outbound_->send_body(data);
}

void Call::upgraded_reply(std::string_view data) {
  auto& way = upgrade_->to_asker;
  if (way.ended) return;
  if (upgrade_->closing) {
    inbound_.send_reply_body(data.substr(0, way.frames.next(data)));
    return close_to_asker();
  }
  if (!endless_) last_piece_ = Clock::now();
  if (upgrade_->is_websocket) way.frames.pass(data);
  inbound_.send_reply_body(data);
}

// --- ends

void Call::upgraded_body_end() {
  if (!upgrade_->to_app.ended) end_to_app();
  half_ended();
}

void Call::upgraded_reply_end() {
  upgrade_->app_ended = true;
  if (upgrade_->to_app.ended) outbound_ = nullptr;
  if (!upgrade_->to_asker.ended) end_to_asker();
  half_ended();
}

void Call::end_to_app() {
  upgrade_->to_app.ended = true;
  outbound_->send_end({});
  if (upgrade_->app_ended) outbound_ = nullptr;
}

void Call::end_to_asker() {
  upgrade_->to_asker.ended = true;
  inbound_.send_reply_end({});
}

void Call::half_ended() {
  if (body_ended_ && upgrade_->app_ended) {
    outbound_ = nullptr;
    finish();
    return inbound_.send_reply_end({});
  }
  if (upgrade_->closing) return;
  endless_ = false;
  last_piece_ = Clock::now();
  reply_stands_still();  // from now on it is looked after
}

// --- closed by us

void Call::ring_moved() {
  if (upgrade_ == nullptr || local_only_ || !node_.empty()) return;  // it is for that app, whoever owns what
  const auto& ring = *context_.view->ring;
  const auto owner = ring.owner(key_);
  if (owner && ring.server(*owner).address != exchange_.owner_address()) close_upgrade(UpgradeEnd::moved);
}

void Call::close_upgrade(UpgradeEnd why) {
  if (upgrade_ == nullptr || upgrade_->closing) return;
  (why == UpgradeEnd::moved ? context_.metrics.upgrades_moved : context_.metrics.upgrades_drained).add();
  if (!upgrade_->is_websocket || upgrade_->to_app.frames.lost() || upgrade_->to_asker.frames.lost()) {
    if (Outbound* out = std::exchange(outbound_, nullptr)) out->cancel();
    finish();
    return inbound_.abort_reply();
  }
  upgrade_->closing = true;
  upgrade_->why = why;
  upgrade_->hang_up_at = Clock::now() + limits::upgrade_close_time;
  timer_.at(upgrade_->hang_up_at);
  close_to_asker();
  close_to_app();
}

// Behind the frame under way; behind a Close of their own there is nothing left to say.
void Call::close_to_app() {
  const auto& way = upgrade_->to_app;
  if (way.ended || !(way.frames.open() || way.frames.closed())) return;
  if (way.frames.open())
    outbound_->send_body(websocket::close_frame(websocket::service_restart, reason(), true));
  end_to_app();
}

void Call::close_to_asker() {
  const auto& way = upgrade_->to_asker;
  if (way.ended || !(way.frames.open() || way.frames.closed())) return;
  if (way.frames.open())
    inbound_.send_reply_body(websocket::close_frame(websocket::service_restart, reason(), false));
  end_to_asker();
}

std::string_view Call::reason() const {
  switch (upgrade_->why) {
    case UpgradeEnd::moved: return "the key has moved to another member";
    case UpgradeEnd::draining: return "this member is leaving";
  }
  return {};
}

}  // namespace ringside::worker
