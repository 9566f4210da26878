// What a Call sends on: the head of a try, in three dresses. The app gets what it should know, a ringside
// what the ringsides tell each other, a ringpop-node what its app should know.
#include <algorithm>

#include "daemon/base/limits.hpp"
#include "daemon/base/text.hpp"
#include "daemon/worker/call.hpp"
#include "daemon/worker/grpc.hpp"

namespace ringside::worker {

void Call::compose(Towards towards) {
  const bool to_app = towards == Towards::app;
  const http::RequestHead& from = head_.get();
  try_head_.method = from.method;
  try_head_.target = from.target;
  try_head_.authority = from.authority;
  try_head_.framing = from.framing;
  try_head_.takes_trailers = from.takes_trailers;
  const bool switchable = to_app ? context_.view->app_settings.protocol == config::AppProtocol::http1
                                 : towards == Towards::ringside;
  try_head_.upgrade = switchable ? from.upgrade : std::string_view();
  auto& fields = try_head_.fields;
  fields.assign(from.fields.begin(), from.fields.end());
  const int hops = passport_.hops + (to_app ? 0 : 1);
  scratch_hops_ = std::to_string(hops);
  // HTTP/2 wants an authority; an HTTP/1.0 request may have none.
  if (try_head_.authority.empty() &&
      (!to_app || context_.view->app_settings.protocol == config::AppProtocol::h2c))
    try_head_.authority = context_.view->name;
  if (towards != Towards::ringside && !passport_.client.empty())
    put_forwarded(try_head_, passport_.client, passport_.secured);
  const bool for_receiver = !key_.empty() && (towards == Towards::ringside || !passport_.keyless);
  if (for_receiver) fields.push_back({"Ringside-Key", encoded_key_, http::Name::ringside_key});
  if (towards == Towards::ringside) {
    compose_way();
    write_passport(passport_, hops, version_of(from), scratch_passport_);
    fields.push_back({"Ringside-Passport", scratch_passport_, http::Name::ringside_passport});
    if (hops > 1 || !passport_.via.empty()) fields.push_back({"Via", via_, http::Name::via});
  } else {
    fields.push_back({"Ringside-From", passport_.from, http::Name::ringside});
    fields.push_back({"Ringside-Hops", scratch_hops_, http::Name::ringside_hops});
    fields.push_back({"X-Request-Id", passport_.request_id, http::Name::x_request_id});
    fields.push_back({"Via", via_, http::Name::via});
  }
  if (!passport_.max_forwards.empty()) fields.push_back({"Max-Forwards", passport_.max_forwards});
  if (!to_app) {
    if (passport_.timeout > Millis::zero()) {
      const auto left = std::chrono::duration_cast<Millis>(deadline_ - Clock::now());
      scratch_timeout_ = std::to_string(std::max<std::int64_t>(left.count(), 1)) + "ms";
      fields.push_back({"Ringside-Timeout", scratch_timeout_});
    }
    // What the caller did not limit and is still whole, the next ringside knows from its own configuration.
    if (passport_.retries >= 0 || exchange_.repeats_left() != context_.config.forward.retry.max) {
      scratch_retry_ = std::to_string(exchange_.repeats_left());
      fields.push_back({"Ringside-Retry", scratch_retry_});
    }
    return;
  }
  if (encoded_key_ != key_ && is_grpc(from.fields)) {
    binary_key_ = encode_base64(key_);
    fields.push_back({"Ringside-Key-Bin", binary_key_});
  }
  compose_for_app();
}

// What the app beside this node is told besides.
void Call::compose_for_app() {
  auto& fields = try_head_.fields;
  const std::string& owner = exchange_.preferred() ? exchange_.owner() : context_.view->name;
  write_ring_version();
  fields.push_back({"Ringside-Owner", owner, http::Name::ringside});
  fields.push_back({"Ringside-Version", scratch_version_, http::Name::ringside});
  const bool keyed = !key_.empty() && !passport_.keyless;
  if (const auto since = keyed ? context_.view->tenure->since(exchange_.key_hash()) : 0; since != 0) {
    scratch_since_ = std::to_string(since);
    fields.push_back({"Ringside-Owner-Since", scratch_since_, http::Name::ringside});
  }
  // Without a limit of the caller, time counts from the last piece of the body: while one is to come there is
  // no deadline yet. Nor is there one where a route has switched it off.
  const bool limited =
      passport_.timeout > Millis::zero() || (body_ended_ && patience() < limits::timeout_max);
  if (limited) {
    scratch_deadline_ = context_.deadlines.at(deadline_);
    fields.push_back({"Ringside-Deadline", scratch_deadline_, http::Name::ringside});
  }
  app_token_ = context_.app_token;
  if (app_token_) fields.push_back({"Ringside-App-Token", *app_token_, http::Name::ringside});
}

// What the next ringside cannot know: what the route and the caller say of the request, for the node whose
// app runs it.
void Call::compose_way() {
  auto& fields = try_head_.fields;
  if (passport_.keyless) fields.push_back({"Ringside-Keyless", "1"});
  if (passport_.secured && !passport_.client.empty()) fields.push_back({"Ringside-Secured", "1"});
  if (passport_.patience) {
    scratch_patience_ = print_duration(*passport_.patience);
    fields.push_back({"Ringside-Patience", scratch_patience_});
  }
  if (!node_.empty()) {
    fields.push_back({"Ringside-Node", node_, http::Name::ringside});
  } else if (passport_.check != config::ForwardCheck::key) {
    write_check(passport_.check, context_.view->ring->digest(), scratch_check_);
    fields.push_back({"Ringside-Check", scratch_check_, http::Name::ringside});
  }
}

// `boot-version` of the ring, in memory that is kept.
void Call::write_ring_version() {
  scratch_version_.assign(context_.view->boot_id).append("-");
  scratch_version_.append(std::to_string(context_.view->ring->version()));
}

// Server-Timing (W3C): what the app took, as its own node saw it, and what each node took with it.
void Call::write_server_timing(Instant now) {
  const auto add = [this, now](Instant since) {
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(now - since).count();
    const auto fraction = std::to_string(took % 1000);
    scratch_timing_.append(std::to_string(took / 1000)).append(".");
    scratch_timing_.append(3 - fraction.size(), '0').append(fraction);
  };
  scratch_timing_.clear();
  if (!try_is_peer_) {
    scratch_timing_ += "app;dur=";
    add(asked_app_);
    scratch_timing_ += ", ";
  }
  scratch_timing_.append("ringside;desc=\"").append(context_.view->name).append("\";dur=");
  add(started_);
}

}  // namespace ringside::worker
