// What one webhook is told next (events.webhooks): the state at first, then every event that it wants, in
// order, each again until it has been taken. The queue is the log of events itself, so it has room for as
// many as that keeps; who falls behind further is told the state again. A value without clock and connection.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/api/events.hpp"

namespace ringside::api {

class WebhookQueue {
 public:
  explicit WebhookQueue(EventFilter filter) : filter_(filter) {}

  struct Post {
    std::string id;         // "{boot id}-{number}"
    std::string_view type;  // "ring-changed", or "reset"
    std::string body;       // {"id","type","node","data"}
    bool missed = false;    // a reset, because more happened than is kept
  };
  // Nothing: it has been told all. The same again until done().
  [[nodiscard]] std::optional<Post> next(const View&, WallTime now);
  // What next() gave has been taken, or never will be.
  void done() { seen_ = under_way_; }

 private:
  EventFilter filter_;
  std::optional<std::uint64_t> seen_;       // nothing: the state has to be told
  std::optional<std::uint64_t> under_way_;  // the number of what next() gave
};

// "t=1700000000,v1=..." without the digest: what is signed is the text of the seconds, a dot and the body.
[[nodiscard]] std::string signed_text(WallTime now, std::string_view body);
[[nodiscard]] std::string signature_field(WallTime now, std::string_view hex_digest);

}  // namespace ringside::api
