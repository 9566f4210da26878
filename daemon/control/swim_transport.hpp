// Between the SWIM core's values and TChannel calls: a Send becomes a call to service `ringpop` and its
// answer a Response, an incoming call becomes a Request and its Reply the answer. Malformed bodies end here,
// with an error that says why, and so does what a member says in another's name (gossip_source.hpp). Control
// thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "daemon/control/gossip_source.hpp"
#include "daemon/net/tchannel_peers.hpp"
#include "daemon/obs/catalog.hpp"
#include "daemon/swim/node.hpp"
#include "proto/ringpop/messages.hpp"

namespace ringside::control {

class SwimTransport {
 public:
  using OnResponse = std::function<void(CallId, Result<ringpop::Response>)>;
  using OnRequest = std::function<void(ReplyId, const ringpop::Request&)>;
  using OnMisbehaved = std::function<void(const std::string& peer, const std::string& what)>;
  SwimTransport(net::TchannelPeers&, obs::ControlMetrics&, OnRequest, OnResponse, NameOf, OnMisbehaved);

  void send(swim::Send&&);
  void reply(swim::Reply&&);
  // A call to one of Ringpop's protocol endpoints.
  void receive(net::IncomingCall&&);
  [[nodiscard]] static bool serves(std::string_view endpoint) noexcept;

 private:
  void on_answer(CallId, const std::string& to, std::string_view endpoint, net::CallResult);

  net::TchannelPeers& peers_;
  obs::ControlMetrics& metrics_;
  OnRequest on_request_;
  OnResponse on_response_;
  NameOf name_of_;
  OnMisbehaved on_misbehaved_;  // counts it
  std::uint64_t next_reply_ = 1;
  std::map<ReplyId, net::CallResponder>
      waiting_;  // bounded by the links' own tables: the core answers every request
};

// {"type":"...","message":"..."}: what Ringpop answers with code 1 (spec B).
[[nodiscard]] std::string rejection_body(const std::string& type, const std::string& message);

}  // namespace ringside::control
