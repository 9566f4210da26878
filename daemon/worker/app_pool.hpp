// Connections of one worker to this node's app: HTTP/1.1 over TCP or a unix socket, kept alive and reused,
// the one used last first, whose caches are warm. A connection goes back to the pool only after a cleanly
// framed reply with no surplus bytes; at most limits::app_connections_idle wait in it, each watched, so that
// a close by the app is seen before it is used again.
#pragma once

#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "daemon/base/address.hpp"
#include "daemon/worker/call.hpp"

namespace ringside::worker {

class AppConnection;

class AppPool {
 public:
  AppPool(Context&, Address app);
  ~AppPool();

  // Starts the call's current try. `end`: the request has no body (left to come). `fresh`: do not reuse a
  // connection, the last one turned out dead.
  Outbound* start(Call&, bool end, bool fresh);
  void close_idle();
  // The app is another one from now on. What is under way ends where it began.
  void move(Address app);

 private:
  friend class AppConnection;
  void put_back(AppConnection&);
  void discard(AppConnection&);

  Context& context_;
  Address app_;
  std::unordered_map<AppConnection*, std::unique_ptr<AppConnection>> connections_;
  std::vector<AppConnection*> idle_;
  std::unordered_set<AppConnection*> moved_from_;  // busy, to where the app was
};

}  // namespace ringside::worker
