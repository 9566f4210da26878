// HTTP/2 connections of one worker to this node's app (app.protocol: h2c): one, shared by all requests, and
// more only while those there are hold as many streams as the app takes.
#pragma once

#include <memory>
#include <vector>

#include "daemon/base/address.hpp"
#include "daemon/worker/http2_link.hpp"

namespace ringside::worker {

class AppLinks {
 public:
  AppLinks(Context& context, Address app) : context_(context), app_(std::move(app)) {}

  // Starts the call's current try. nullptr: limits::app_links connections are full.
  Outbound* start(Call&, bool end);
  // The app is another one from now on. What is under way ends where it began.
  void move(Address app);

 private:
  void discard(Http2Link&);

  Context& context_;
  Address app_;
  std::vector<std::unique_ptr<Http2Link>> links_;
};

}  // namespace ringside::worker
