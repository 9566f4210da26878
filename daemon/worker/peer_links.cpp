#include "daemon/worker/peer_links.hpp"

#include <algorithm>
#include <vector>

#include "daemon/worker/http2_link.hpp"

namespace ringside::worker {
namespace {

Address dialled(const std::string& address) {
  auto parsed = parse_address(address);
  return parsed ? *parsed : Address{};  // members' addresses have been checked when they came in
}

}  // namespace

PeerLinks::PeerLinks(Context& context) : context_(context) {}

PeerLinks::~PeerLinks() = default;

Outbound* PeerLinks::start(Call& call, std::string_view address, bool end, bool& full) {
  const auto found = open_.find(address);
  Http2Link* link = found == open_.end() ? nullptr : found->second;
  if (link == nullptr || !link->takes_streams()) {
    if (link != nullptr) link->retire();
    link = &open(std::string(address));
  }
  full = link->unanswered() >= context_.config.forward.in_flight_per_owner;
  return full ? nullptr : link->start(call, end);
}

Http2Link& PeerLinks::open(const std::string& address) {
  auto made = std::make_unique<Http2Link>(context_, Http2Link::To::peer, address, dialled(address),
                                          [this](Http2Link& closed) { discard(closed); });
  Http2Link& link = *made;
  links_.emplace(&link, std::move(made));
  open_[address] = &link;
  context_.metrics.peer_links.add(1);
  return link;
}

void PeerLinks::discard(Http2Link& link) {
  const auto found = links_.find(&link);
  if (found == links_.end()) return;
  std::erase_if(open_, [&link](const auto& entry) { return entry.second == &link; });
  context_.turn.bury(std::move(found->second), &link);
  links_.erase(found);
  context_.metrics.peer_links.add(-1);
}

void PeerLinks::forget_absent() {
  std::vector<Http2Link*> absent;
  for (const auto& [address, link] : open_) {
    const auto& members = context_.view->members;
    const bool member =
        std::any_of(members.begin(), members.end(), [&own = address](const api::MemberView& m) {
          return m.address == own &&
                 (m.status == ringpop::Status::alive || m.status == ringpop::Status::suspect);
        });
    if (!member && link->unused()) absent.push_back(link);
  }
  for (Http2Link* link : absent) link->close();
}

void PeerLinks::retire_plain() {
  for (const auto& entry : links_)
    if (entry.first->plain()) entry.first->retire();
}

void PeerLinks::close_all() {
  std::vector<Http2Link*> all;
  for (const auto& entry : links_) all.push_back(entry.first);
  for (Http2Link* link : all) link->close();
}

}  // namespace ringside::worker
