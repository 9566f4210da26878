// HTTP/2 links of one worker to the other ringsides, one for each peer: opened when the first request needs
// it, shared by all requests to that peer, closed when the peer has left the membership. What a turn of the
// loop produces for a peer goes out in one write.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "daemon/base/text_hash.hpp"
#include "daemon/worker/call.hpp"

namespace ringside::worker {

class Http2Link;

class PeerLinks {
 public:
  explicit PeerLinks(Context&);
  ~PeerLinks();

  // Starts the call's current try at the server with that address. nullptr: the link takes no more streams
  // now, or (`full`) the server has as many requests as it gets, forward.in_flight_per_owner.
  Outbound* start(Call&, std::string_view address, bool end, bool& full);
  void forget_absent();  // after a new view: closes links without streams to addresses that are not members
                         // any more
  void retire_plain();   // the next requests dial anew
  void close_all();

 private:
  Http2Link& open(const std::string& address);
  void discard(Http2Link&);

  Context& context_;
  std::unordered_map<std::string, Http2Link*, TextHash, std::equal_to<>>
      open_;  // by address; takes new streams
  std::unordered_map<Http2Link*, std::unique_ptr<Http2Link>> links_;
};

}  // namespace ringside::worker
