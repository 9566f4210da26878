#include "daemon/worker/app_links.hpp"

#include <algorithm>
#include <utility>

#include "daemon/base/limits.hpp"

namespace ringside::worker {

Outbound* AppLinks::start(Call& call, bool end) {
  for (const auto& link : links_) {
    if (!link->takes_streams()) continue;
    if (Outbound* stream = link->start(call, end)) return stream;
  }
  if (links_.size() >= limits::app_links) return nullptr;
  links_.push_back(std::make_unique<Http2Link>(context_, Http2Link::To::app, std::string(), app_,
                                               [this](Http2Link& closed) { discard(closed); }));
  context_.metrics.app_connections.set(static_cast<std::int64_t>(links_.size()));
  return links_.back()->start(call, end);
}

void AppLinks::move(Address app) {
  app_ = std::move(app);
  for (const auto& link : links_) link->retire();
}

void AppLinks::discard(Http2Link& link) {
  const auto found = std::ranges::find(links_, &link, &std::unique_ptr<Http2Link>::get);
  if (found == links_.end()) return;
  context_.turn.bury(std::move(*found), &link);
  links_.erase(found);
  context_.metrics.app_connections.set(static_cast<std::int64_t>(links_.size()));
}

}  // namespace ringside::worker
